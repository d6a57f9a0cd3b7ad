package msl

import "strings"

var scalars = []string{"bool", "char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "half", "float"}

// vectors are the names of types that have a vector's constructor.
var vectors = func() map[string]bool {
	out := map[string]bool{}
	for _, s := range scalars {
		for _, n := range []string{"2", "3", "4"} {
			out[s+n] = true
		}
	}
	return out
}()

func (s *source) vectorType(name string) bool { return vectors[name] || s.types["vector "+name] }

// collectTypes finds the names of types: those of the language, and those that
// the source declares anywhere.
func (s *source) collectTypes() {
	for _, name := range append(scalars, "void", "size_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "vec", "array",
		"int8_t", "int16_t", "int32_t", "int64_t", "atomic_int", "atomic_uint", "atomic_float", "simdgroup_matrix",
		"simdgroup_float8x8", "simdgroup_half8x8", "unsigned", "signed") {
		s.types[name] = true
	}
	for v := range vectors {
		s.types[v] = true
		s.types["packed_"+v] = true
	}
	t := s.tokens
	for i := range t {
		switch t[i].text {
		case "struct", "class", "union", "enum", "typename":
			if i+1 < len(t) && t[i+1].word && at(t, i+2) != "::" {
				s.types[t[i+1].text] = true
			}
		case "using":
			if at(t, i+2) == "=" {
				s.alias(t[i+1].text, i+3)
			}
		case "typedef":
			end := i
			for end < len(t) && t[end].text != ";" {
				end++
			}
			s.alias(at(t, end-1), i+1)
		}
	}
}

// alias notes a name for the type that begins at token i.
func (s *source) alias(name string, i int) {
	s.types[name] = true
	target := at(s.tokens, i)
	if target == "metal" {
		target = at(s.tokens, i+2)
	}
	for j := i; j < len(s.tokens) && s.tokens[j].text != ";"; j++ {
		if spaces[s.tokens[j].text] || strings.ContainsAny(s.tokens[j].text, "*&(") {
			delete(s.types, name) // it is a pointer already, or names its space
		}
	}
	if target == "vec" || s.vectorType(target) {
		s.types["vector "+name] = true
	}
}
