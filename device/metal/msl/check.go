package msl

import "strings"

// What C++ has and Metal has not, by its words.
var notMetal = map[string]string{
	"double": "use float", "virtual": "", "try": "", "catch": "", "throw": "", "dynamic_cast": "", "typeid": "",
	"new": "", "delete": "", "goto": "", "asm": "", "__asm__": "", "thread_local": "", "wchar_t": "", "noexcept": "",
	"concept": "", "requires": "", "co_await": "", "consteval": "", "constinit": "", "char8_t": "", "__int128": "",
	"_Float16": "use half", "__bf16": "", "bfloat": "convert by bits",
}

// checkTokens refuses what Metal does not have and clang would take.
func (s *source) checkTokens() {
	t := s.tokens
	for i := range t {
		if help, found := notMetal[t[i].text]; found {
			// delete is fine in f() = delete.
			if t[i].text == "delete" && at(t, i-1) == "=" {
				continue
			}
			s.refuse(t[i], t[i].text, help)
		}
		next := at(t, i+1)
		switch t[i].text {
		case "std":
			if next == "::" {
				s.refuse(t[i], "std::", "use metal::")
			}
		case "long":
			if next == "long" || next == "double" {
				s.refuse(t[i], "long "+next, "")
			}
		case "[":
			if (next == "&" || next == "=") && at(t, i+2) == "]" {
				s.refuse(t[i], "a lambda", "")
			}
		case "*", "&":
			s.checkPointer(i)
		}
	}
}

func (s *source) refuse(t token, what, help string) {
	if help != "" {
		help = "; " + help
	}
	s.fail(t, "%s is not in Metal%s", what, help)
}

// checkPointer refuses a pointer or reference that names no address space. A
// type's name before * or & is no operand, so it is a pointer.
func (s *source) checkPointer(i int) {
	t := s.tokens
	first := i - 1 // of the type's name
	if at(t, first) == "const" || at(t, first) == "volatile" {
		first--
	}
	if spaces[at(t, first)] {
		return // float device*
	}
	if at(t, first) == ">" {
		for first > 0 && (at(t, first) != "<" || closer(t, first) < i-2) {
			first--
		}
		first--
	}
	if first < 0 || !s.types[t[first].text] {
		return
	}
	for first > 0 && (at(t, first-1) == "::" || at(t, first-1) == "metal" || qualifiers[at(t, first-1)]) {
		first--
		if spaces[t[first].text] {
			return
		}
	}
	s.fail(t[i], "a pointer or reference must name its address space: device, constant, threadgroup or thread")
}

// findSelfCall notes where a function that is no template calls its own name.
func (s *source) findSelfCall(name string, open, close int) {
	for i := open; i < close; i++ {
		before := at(s.tokens, i-1)
		if s.tokens[i].text == name && at(s.tokens, i+1) == "(" && before != "." && before != "->" && before != "::" {
			s.selfCalls = append(s.selfCalls, s.tokens[i])
			return
		}
	}
}

// checkRecursion refuses functions that call themselves. Of a name that several
// functions have it cannot tell which is called, and of two that call each other
// it says nothing.
func (s *source) checkRecursion() {
	for _, t := range s.selfCalls {
		if s.definitions[t.text] == 1 {
			s.refuse(t, "recursion", "")
		}
	}
}

var (
	spaces     = map[string]bool{"device": true, "constant": true, "threadgroup": true, "thread": true}
	qualifiers = map[string]bool{
		"const": true, "volatile": true, "static": true, "typename": true, "unsigned": true, "signed": true, "struct": true, "constexpr": true,
		"device": true, "constant": true, "threadgroup": true, "thread": true, "inline": true,
	}
)

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
