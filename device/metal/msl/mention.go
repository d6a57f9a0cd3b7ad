package msl

import "slices"

// mention notes the words of tokens begin to end as what name needs.
func (s *source) mention(name string, begin, end int) {
	words := s.bodies[name]
	for _, t := range s.tokens[begin:end] {
		if t.word && t.text != name && !slices.Contains(words, t.text) {
			words = append(words, t.text)
		}
	}
	s.bodies[name] = words
}

// constantsOf returns the indices, as expressions, of the function constants
// that what is called name may read: itself, or through all that it mentions.
// Functions are told apart by name alone, so it may return too many.
func (s *source) constantsOf(name string) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		for _, c := range s.constants {
			if c.plain == name {
				out = append(out, c.index)
			}
		}
		for _, word := range s.bodies[name] {
			visit(word)
		}
	}
	visit(name)
	return out
}
