package msl

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
			if s.lambdaAt(i) {
				s.refuse(t[i], "a lambda", "")
			}
		case "auto":
			if s.parameterAt(i) {
				s.refuse(t[i], "auto as the type of a parameter", "use a template")
			}
		case "*", "&":
			s.checkPointer(i)
		}
	}
}

// lambdaAt reports whether the [ at i begins a lambda: nothing before it can be
// indexed.
func (s *source) lambdaAt(i int) bool {
	if _, ok := attributeAt(s.tokens, i); ok {
		return false
	}
	switch at(s.tokens, i-1) {
	case "=", "(", ",", "{", "}", ";", "return", "?", ":", "&&", "||", "!":
		return true
	}
	return false
}

// parameterAt reports whether the type at i is that of a parameter: after it
// come its name and the end of the parameter.
func (s *source) parameterAt(i int) bool {
	i++
	for at(s.tokens, i) == "&" || at(s.tokens, i) == "*" || at(s.tokens, i) == "const" {
		i++
	}
	end := at(s.tokens, i+1)
	return i < len(s.tokens) && s.tokens[i].word && (end == "," || end == ")")
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

// checkMember refuses a member function that does not say in which address
// space its object is. Metal took thread for granted up to version 4.0. From 4.1
// on it is any, and no pointer to thread memory can point at members.
func (s *source) checkMember(start, parenthesis, open int) {
	for i := start; i < parenthesis; i++ {
		if t := s.tokens[i].text; t == "static" || t == "friend" {
			return
		}
	}
	for i := closer(s.tokens, parenthesis); i < open; i++ {
		if spaces[s.tokens[i].text] {
			return
		}
	}
	s.fail(s.tokens[parenthesis-1], "a member function must name the address space of its object, as in f() const thread {}")
}

var (
	spaces     = map[string]bool{"device": true, "constant": true, "threadgroup": true, "thread": true}
	qualifiers = map[string]bool{
		"const": true, "volatile": true, "static": true, "typename": true, "unsigned": true, "signed": true, "struct": true, "constexpr": true,
		"device": true, "constant": true, "threadgroup": true, "thread": true, "inline": true,
	}
)
