package msl

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
