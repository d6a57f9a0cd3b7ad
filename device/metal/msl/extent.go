package msl

// checkExtents refuses arrays within tokens open to close whose size names a
// constant that is only const. Metal's compilers took some of them for arrays of
// a size that is known at run time only, which Metal has not.
func (s *source) checkExtents(open, close int) {
	constants := map[string]bool{}
	for i := open; i < close; i++ {
		switch at(s.tokens, i) {
		case "const":
			if before := at(s.tokens, i-1); before == ";" || before == "{" || before == "}" {
				s.addConstants(constants, i+1, close)
			}
		case "[":
			if !s.extentAt(i) {
				continue
			}
			for _, t := range s.tokens[i+1 : max(closer(s.tokens, i), i+1)] {
				if constants[t.text] {
					s.fail(t, "%s is the size of an array, so it must be constexpr rather than const", t.text)
				}
			}
		}
	}
}

// addConstants notes what a declaration calls constants: const T a = 1, b = 2;
func (s *source) addConstants(constants map[string]bool, begin, end int) {
	for i := begin; i < end && s.tokens[i].text != ";"; i = skip(s.tokens, i) {
		if s.tokens[i].word && at(s.tokens, i+1) == "=" {
			constants[s.tokens[i].text] = true
		}
	}
}

// extentAt reports whether the [ at i is part of the declaration of an array:
// a type and a name are before it.
func (s *source) extentAt(i int) bool {
	for at(s.tokens, i-1) == "]" { // of more than one dimension
		for i--; i > 0 && at(s.tokens, i) != "["; i-- {
		}
	}
	if i < 2 || !s.tokens[i-1].word {
		return false
	}
	before := s.tokens[i-2]
	return before.text == ">" || before.word && before.text != "return" && before.text != "else"
}
