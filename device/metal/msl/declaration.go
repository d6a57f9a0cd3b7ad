package msl

import (
	"fmt"
	"slices"
	"strings"
)

// declaration reads one of program scope that has no body: tokens start to
// end, which is its semicolon.
func (s *source) declaration(start, end int, prefix string) {
	if start == end {
		return
	}
	if s.instance(start, end) || s.functionConstant(start, end, prefix) {
		return
	}
	s.removeAttributes(start, end)
	name, initial := s.variable(start, end)
	if name == "" {
		return
	}
	s.mention(name, start, end)
	if !slices.ContainsFunc(s.tokens[start:end], func(t token) bool { return t.text == "constant" }) {
		s.fail(s.tokens[start], "program scope variable %s must reside in constant address space", name)
		return
	}
	if initial > 0 && s.mentionsConstants(initial, end) {
		s.derive(start, initial, end, name, prefix)
	}
}

func (s *source) removeAttributes(start, end int) {
	for i := start; i < end; i++ {
		if last, ok := attributeAt(s.tokens, i); ok {
			s.remove(i, last)
			i = last
		}
	}
}

// variable returns the name of the variable that tokens start to end declare,
// and the index of the first token of its initialiser, or 0. The name is "" when
// they declare something else.
func (s *source) variable(start, end int) (name string, initial int) {
	switch s.tokens[start].text {
	case "using", "typedef", "struct", "class", "union", "enum", "static_assert", "template", "namespace", "friend", "extern":
		return "", 0
	}
	for i := start; i < end; i = skip(s.tokens, i) {
		switch s.tokens[i].text {
		case "(":
			return "", 0 // a function
		case "=":
			return name, i + 1
		case "{":
			return name, i
		}
		if s.tokens[i].word {
			name = s.tokens[i].text
		}
	}
	if end-start < 2 {
		return "", 0
	}
	return name, 0
}

// functionConstant reads constant T name [[function_constant(index)]].
func (s *source) functionConstant(start, end int, prefix string) bool {
	for i := start + 2; i < end; i++ {
		last, ok := attributeAt(s.tokens, i)
		if !ok {
			continue
		}
		a := attributes(s.text, s.tokens, i, last)
		if len(a) == 0 || a[0].name != "function_constant" {
			return false
		}
		name := s.tokens[i-1].text
		typ := strings.Fields(s.text[s.tokens[start].begin:s.tokens[i-1].begin])
		typ = slices.DeleteFunc(typ, func(w string) bool { return w == "constant" || w == "const" || w == "static" })
		s.replace(start, end, fmt.Sprintf("static %s %s; static bool msl_defined_%s;", strings.Join(typ, " "), name, name))
		s.constants = append(s.constants, functionConstant{prefix + name, name, a[0].argument, s.optional(name)})
		s.mention(name, i-1, end)
		return true
	}
	return false
}

// optional reports whether the source asks if the function constant has a value.
func (s *source) optional(name string) bool {
	// is_function_constant_defined is a macro of the prelude, so it stands here as written.
	for i, t := range s.tokens {
		if t.text == "is_function_constant_defined" && at(s.tokens, i+2) == name {
			return true
		}
	}
	return false
}

// mentionsConstants reports whether tokens name a function constant, or what is
// derived from one.
func (s *source) mentionsConstants(begin, end int) bool {
	for _, t := range s.tokens[begin:end] {
		if t.word && len(s.constantsOf(t.text)) > 0 {
			return true
		}
	}
	return false
}

// derive makes a constant one that is computed again at every dispatch.
func (s *source) derive(start, initial, end int, name, prefix string) {
	for i := start; i < initial; i++ {
		switch s.tokens[i].text {
		case "constant", "constexpr", "const", "static":
			s.remove(i, i)
		}
	}
	s.before(start, "static ")
	value := s.text[s.tokens[initial].begin:s.tokens[end].begin]
	s.after(end, fmt.Sprintf(" static void msl_derive_%s() { %s = %s; }", name, name, strings.Join(strings.Fields(value), " ")))
	s.derived = append(s.derived, derived{prefix + "msl_derive_" + name})
}

// instance reads template [[host_name("x")]] [[kernel]] void f<...>(...), with
// or without its parameters.
func (s *source) instance(start, end int) bool {
	if s.tokens[start].text != "template" {
		return false
	}
	host, expression := "", ""
	for i := start + 1; i < end; i++ {
		if last, ok := attributeAt(s.tokens, i); ok {
			for _, a := range attributes(s.text, s.tokens, i, last) {
				if a.name == "host_name" {
					host = strings.Join(strings.Fields(strings.ReplaceAll(a.argument, `"`, "")), "")
				}
			}
			i = last
		} else if s.tokens[i].text == "decltype" || s.tokens[i].text == "(" {
			i = closer(s.tokens, i+len(s.tokens[i].text)/len("decltype"))
		} else if s.tokens[i].word && at(s.tokens, i+1) == "<" {
			if c := closer(s.tokens, i+1); c > 0 && c <= end {
				expression = s.text[s.tokens[i].begin:s.tokens[c].end]
				i = c
			}
		}
	}
	if host == "" || expression == "" {
		return false
	}
	s.remove(start, end)
	name, _, _ := strings.Cut(expression, "<")
	kernel := s.kernelNamed(strings.TrimSpace(name))
	if kernel == nil {
		s.fail(s.tokens[start], "no kernel template is named %s", strings.TrimSpace(name))
		return true
	}
	s.entries = append(s.entries, entry{host, expression, kernel})
	return true
}

func (s *source) kernelNamed(name string) *kernelSource {
	for _, k := range s.kernels {
		if k.name == name {
			return k
		}
	}
	return nil
}

// addEntries adds the kernels that are no templates.
func (s *source) addEntries() {
	for _, k := range s.kernels {
		if k.template {
			continue
		}
		if slices.ContainsFunc(s.entries, func(e entry) bool { return e.name == k.name }) {
			s.problems = append(s.problems, fmt.Sprintf("%s: error: two kernels are named %s", sourceName, k.name))
		}
		s.entries = append(s.entries, entry{k.name, k.name, k})
	}
}
