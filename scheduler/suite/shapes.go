package suite

import (
	_ "embed"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// shape is one line of shapes.csv: C[m,n] = A[m,k] B[k,n], and the backend that
// auto is specified to choose on a device with SIMD matrix multiply.
type shape struct {
	suite   string
	m, k, n int
	expect  string
}

//go:embed shapes.csv
var shapesCSV string

// shapes returns the lines of a suite.
func shapes(suite string) (list []shape) {
	r := csv.NewReader(strings.NewReader(shapesCSV))
	r.Comment = '#'
	for {
		line, err := r.Read()
		if err == io.EOF {
			return list
		}
		if err != nil {
			panic(err) // the file is part of the program
		}
		if line[0] != suite {
			continue
		}
		s := shape{suite: suite}
		for i, size := range []*int{&s.m, &s.k, &s.n} {
			if *size, err = strconv.Atoi(line[1+i]); err != nil {
				panic(err)
			}
		}
		s.expect, _, _ = strings.Cut(line[4], " ")
		list = append(list, s)
	}
}
