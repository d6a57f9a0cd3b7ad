package msl

import "strings"

// body finds threadgroup variables in the body of a function.
func (s *source) body(open, close int, isKernel bool) {
	depth := 0
	for i := open; i <= close; i++ {
		switch s.tokens[i].text {
		case "{":
			depth++
		case "}":
			depth--
		case "threadgroup":
			end, names := s.variables(i)
			if names == nil {
				continue
			}
			if !isKernel || depth != 1 {
				s.fail(s.tokens[i], "threadgroup variables may be declared only at the outermost level of a kernel")
				continue
			}
			s.replace(i, i, "threadgroup static")
			s.after(end, announce(names))
		}
	}
}

// variables returns the names that a declaration of threadgroup variables at i
// declares, and the index of its semicolon. A pointer is none.
func (s *source) variables(i int) (end int, names []string) {
	before := at(s.tokens, i-1)
	if !strings.Contains("{ } ; const volatile static alignas", before) && before != ")" {
		return 0, nil
	}
	for end = i; end < len(s.tokens) && s.tokens[end].text != ";"; end = skip(s.tokens, end) {
		if t := s.tokens[end].text; t == "*" || t == "&" || t == "(" && end == i+1 {
			return 0, nil
		}
	}
	for _, r := range split(s.tokens, i+1, end) {
		name := ""
		for j := r[0]; j < r[1] && s.tokens[j].text != "[" && s.tokens[j].text != "="; j++ {
			if s.tokens[j].text == "<" {
				if c := closer(s.tokens, j); c > 0 {
					j = c
				}
			} else if s.tokens[j].word {
				name = s.tokens[j].text
			}
		}
		names = append(names, name)
	}
	return end, names
}
