package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// expectation is one line of a file of products with the backend that each
// should get, or the backend and the variant: smalln, or smalln/N4.
type expectation struct {
	line   int
	suite  string
	shape  kernels.Shape
	expect string // empty: anything
}

// explainFile explains every line and fails if one is not as expected.
func (c *explainCommand) explainFile(s streams, e selector) error {
	if c.Op != "" || c.M != 0 || c.K != 0 || c.N != 0 {
		return wrongUsage("give a problem or --file, not both")
	}
	lines, err := readExpectations(c.File)
	if err != nil {
		return err
	}
	q, err := c.modes(kernels.OpMatmul)
	if err != nil {
		return err
	}
	answers, wrong, err := e.explainAll(q, lines)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if c.JSON {
		err = writeJSON(s.out, answers)
	} else {
		writeAnswers(s.out, lines, answers)
	}
	if wrong > 0 {
		err = errors.Join(err, fmt.Errorf("%s: %d of %d choices are not the expected ones", c.File, wrong, len(lines)))
	}
	return err
}

// answerLine is the answer to one line.
type answerLine struct {
	Suite  string `json:"suite"`
	Expect string `json:"expect,omitempty"`
	OK     bool   `json:"ok"`
	*explanation
}

func (s *selector) explainAll(q question, lines []expectation) (answers []answerLine, wrong int, err error) {
	for _, l := range lines {
		q.shape.M, q.shape.K, q.shape.N = l.shape.M, l.shape.K, l.shape.N
		answer, err := s.explain(q)
		if err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", l.line, err)
		}
		expect := s.expected(l.expect)
		ok := expect == "" || expect == answer.Backend || expect == answer.Backend+"/"+answer.Variant
		if !ok {
			wrong++
		}
		answers = append(answers, answerLine{l.suite, expect, ok, answer})
	}
	return answers, wrong, nil
}

// expected reads the first word of what a line expects. A device without SIMD
// matrix multiply has mlx for simd.
func (s *selector) expected(text string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	backend, variant, given := strings.Cut(word, "/")
	if backend == kernels.FamilySIMD.String() && !s.caps.SIMDMatrix {
		backend = kernels.FamilyMLX.String()
	}
	if given {
		return backend + "/" + variant
	}
	return backend
}

func writeAnswers(w io.Writer, lines []expectation, answers []answerLine) {
	t := newTable(w, "Choices", 5, "suite", "shape", "choice", "as expected", "because")
	for i, a := range answers {
		ok := "yes"
		switch {
		case !a.OK:
			ok = "NO: " + a.Expect
		case lines[i].expect == "":
			ok = "-"
		}
		t.AppendRow(table.Row{a.Suite, a.Written, a.Backend + "/" + a.Variant, ok, a.reason()})
	}
	t.Render()
}

// readExpectations reads a CSV file with the columns suite, m, k, n and
// expect, in any order and among others; lines that begin with # do not count.
func readExpectations(path string) ([]expectation, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	lines, err := parseExpectations(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return lines, nil
}

func parseExpectations(in io.Reader) ([]expectation, error) {
	r := csv.NewReader(in)
	r.Comment, r.TrimLeadingSpace = '#', true
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("no header suite,m,k,n,expect: %w", err)
	}
	var at [5]int
	for i, name := range [...]string{"suite", "m", "k", "n", "expect"} {
		if at[i] = slices.Index(header, name); at[i] < 0 {
			return nil, fmt.Errorf("no column %q; wanted are suite,m,k,n,expect, and there are %s", name, strings.Join(header, ","))
		}
	}
	var lines []expectation
	for {
		fields, err := r.Read()
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		e := expectation{line: line, suite: fields[at[0]], expect: fields[at[4]], shape: kernels.Shape{Batch: 1}}
		for i, size := range []*int{1: &e.shape.M, 2: &e.shape.K, 3: &e.shape.N} {
			if size == nil {
				continue
			}
			if *size, err = strconv.Atoi(fields[at[i]]); err != nil || *size < 0 {
				return nil, fmt.Errorf("line %d: %q is not a size of at least 0", line, fields[at[i]])
			}
		}
		lines = append(lines, e)
	}
}
