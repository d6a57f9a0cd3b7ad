package decode

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels"
)

//go:embed qwen25-decode.csv
var qwen string

// product is one line of a trace.
type product struct {
	name   string
	weight bool // B is a weight, not a sequence's cache
	shape  kernels.Shape
	transB bool
	count  int
}

// parseTrace reads a trace in the format of qwen25-decode.csv.
func parseTrace(text string) ([]product, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	var products []product
	for _, line := range lines[1:] {
		p, err := parseProduct(line)
		if err != nil {
			return nil, fmt.Errorf("trace: %q: %w", line, err)
		}
		products = append(products, p)
	}
	return products, nil
}

func parseProduct(line []string) (product, error) {
	p := product{name: line[2], weight: line[1] == "weight", transB: line[8] == "1"}
	for i, field := range []*int{3: &p.shape.Batch, 4: &p.shape.M, 5: &p.shape.N, 6: &p.shape.K, 9: &p.count} {
		if field == nil {
			continue
		}
		n, err := strconv.Atoi(line[i])
		if err != nil {
			return product{}, err
		}
		*field = n
	}
	return p, nil
}
