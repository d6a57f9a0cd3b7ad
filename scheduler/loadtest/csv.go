package loadtest

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// ReadCSV reads a mix from counted products in the format of
// qwen25-decode.csv: a line's count is its share. Weights are loaded, what
// belongs to one sequence is not.
func ReadCSV(r io.Reader) (Mix, error) {
	lines := csv.NewReader(r)
	lines.Comment = '#'
	header, err := lines.Read()
	if err != nil {
		return Mix{}, fmt.Errorf("loadtest: csv: %w", err)
	}
	if err := checkHeader(header); err != nil {
		return Mix{}, err
	}
	var kinds []Kind
	for {
		line, err := lines.Read()
		if err == io.EOF {
			return NewMix(kinds)
		}
		if err != nil {
			return Mix{}, fmt.Errorf("loadtest: csv: %w", err)
		}
		k, err := kindOf(line)
		if err != nil {
			row, _ := lines.FieldPos(0)
			return Mix{}, fmt.Errorf("loadtest: csv: line %d: %w", row, err)
		}
		kinds = append(kinds, k)
	}
}

var csvColumns = []string{"op", "role", "", "batch", "m", "n", "k", "trans_a", "trans_b", "count"}

func checkHeader(header []string) error {
	for i, want := range csvColumns {
		if i >= len(header) || want != "" && header[i] != want {
			return fmt.Errorf("loadtest: csv: header is %q; allowed: it begins with %q (any name for \"\")", header, csvColumns)
		}
	}
	return nil
}

func kindOf(line []string) (Kind, error) {
	k := newKind()
	k.A, k.B, k.C = tensor.F16, tensor.F16, tensor.F16
	var transA, transB, count int
	for i, field := range map[int]*int{
		3: &k.Batch, 4: &k.M, 5: &k.N, 6: &k.K, 7: &transA, 8: &transB, 9: &count,
	} {
		n, err := strconv.Atoi(line[i])
		if err != nil {
			return k, fmt.Errorf("%s: %w", csvColumns[i], err)
		}
		*field = n
	}
	k.TransA, k.TransB, k.Share = transA != 0, transB != 0, float64(count)
	k.Loaded = "none"
	if line[1] == "weight" {
		k.Loaded = "b"
	}
	k.Bias = strings.Contains(line[0], "bias")
	k.Name = fmt.Sprintf("%s %dx%d", line[2], k.N, k.K)
	return k, k.check()
}
