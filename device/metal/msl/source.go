package msl

import (
	"fmt"
	"slices"
	"strings"
)

// source is an MSL text, preprocessed, on its way to C++.
type source struct {
	text     string
	tokens   []token
	edits    []edit
	problems []string

	kernels   []*kernelSource
	entries   []entry
	constants []functionConstant
	derived   []derived
	bodies    map[string][]string // what functions and constants of a name mention

	definitions map[string]int // how many functions have a name
	selfCalls   []token        // of a function's own name within it

	types map[string]bool // names of types: of the language and of the source
}

// edit replaces text[begin:end].
type edit struct {
	begin, end int
	text       string
}

// kernelSource is a kernel function as the source defines it.
type kernelSource struct {
	name       string // with the namespaces around it
	template   bool
	maxThreads string // an expression
	parameters []parameter
}

// entry is what a caller can run: a kernel, or an instance of a template.
type entry struct {
	name, expression string
	kernel           *kernelSource
}

// functionConstant is one that the caller sets.
type functionConstant struct {
	name, plain, index string // the name with and without its namespaces
	optional           bool
}

// derived is a constant that is computed from function constants.
type derived struct {
	function string // with its namespaces
}

// fail notes an error of the source at a token.
func (s *source) fail(t token, format string, a ...any) {
	s.problems = append(s.problems, fmt.Sprintf("%s:%d: error: %s", t.file, t.line, fmt.Sprintf(format, a...)))
}

// replace puts text in the place of tokens first to last. Line breaks stay.
func (s *source) replace(first, last int, text string) {
	begin, end := s.tokens[first].begin, s.tokens[last].end
	lines := strings.Count(s.text[begin:end], "\n")
	s.edits = append(s.edits, edit{begin, end, text + strings.Repeat("\n", lines)})
}

func (s *source) remove(first, last int) { s.replace(first, last, "") }

// before and after put text at token i.
func (s *source) before(i int, text string) { s.insert(s.tokens[i].begin, text) }
func (s *source) after(i int, text string)  { s.insert(s.tokens[i].end, text) }

func (s *source) insert(at int, text string) { s.edits = append(s.edits, edit{at, at, text}) }

// edited returns the text with all edits made. Of edits that overlap the outer
// one counts.
func (s *source) edited() string {
	slices.SortStableFunc(s.edits, func(a, b edit) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return (a.end - a.begin) - (b.end - b.begin) // insertions first
	})
	var out strings.Builder
	at := 0
	for _, e := range s.edits {
		if e.begin < at {
			continue
		}
		out.WriteString(s.text[at:e.begin])
		out.WriteString(e.text)
		at = e.end
	}
	out.WriteString(s.text[at:])
	return out.String()
}
