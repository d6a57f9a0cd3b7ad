package msl

import "strings"

// translate reads preprocessed MSL. What it rewrites, and nothing else:
//
//   - float4(a, b) becomes msl::make<float4>(a, b), for every vector type;
//   - threadgroup variables of a kernel become static ones, known to the runtime;
//   - constant T x [[function_constant(n)]] becomes a variable of the runtime,
//     and constants computed from such ones are computed again at every dispatch;
//   - attributes go; those of kernels and their arguments become tables;
//   - template [[host_name("x")]] [[kernel]] ... f<...> becomes an entry of them.
//
// The words device, constant, threadgroup, thread and kernel are macros of the
// prelude.
func translate(text string) (*source, error) {
	// Kept as written: unrolling is advice, and what Metal alone knows is none of clang's.
	s := &source{text: text, tokens: scan(text), bodies: map[string][]string{}, types: map[string]bool{}, definitions: map[string]int{}}
	s.collectTypes()
	s.checkTokens()
	s.scope(0, len(s.tokens), "", false)
	s.constructors()
	s.addEntries()
	s.checkRecursion()
	if len(s.problems) > 0 {
		return nil, &CompileError{Text: strings.Join(s.problems, "\n")}
	}
	return s, nil
}

// scope reads the declarations of tokens begin to end: of a namespace, or of a
// type. prefix is the namespaces around, as "a::b::".
func (s *source) scope(begin, end int, prefix string, inType bool) {
	start := begin
	for i := begin; i < end; {
		switch s.tokens[i].text {
		case ";":
			if !inType {
				if prefix == "" {
					s.checkNames(start, i, i)
				}
				s.declaration(start, i, prefix)
			}
			i++
			start = i
		case "{":
			close := closer(s.tokens, i)
			if close < 0 {
				s.fail(s.tokens[i], "this { is never closed")
				return
			}
			if !inType && prefix == "" {
				s.checkNames(start, i, close)
			}
			if s.braces(start, i, close, prefix, inType) {
				start = close + 1
			}
			i = close + 1
		case "(", "[":
			i = skip(s.tokens, i)
		case ":": // public: and the like
			if n := at(s.tokens, i-1); n == "public" || n == "private" || n == "protected" {
				start = i + 1
			}
			i++
		default:
			i++
		}
	}
}

// braces reads what stands in the braces at open, after the tokens from start
// on, and reports whether the declaration is over.
func (s *source) braces(start, open, close int, prefix string, inType bool) bool {
	name, structure, isType, isNamespace, function := "", "", false, false, -1
	for i := start; i < open; i++ {
		switch t := s.tokens[i].text; {
		case t == "namespace" || t == "extern":
			isNamespace = true
			name = at(s.tokens, i+1)
		case t == "<":
			if c := closer(s.tokens, i); c > 0 && c < open {
				i = c
			}
		case t == "struct" || t == "class" || t == "union" || t == "enum":
			isType = true
			if t == "struct" {
				structure = at(s.tokens, i+1)
			}
		case t == "(" && function < 0:
			function = i
			i = closer(s.tokens, i)
		case t == "[":
			i = closer(s.tokens, i)
		case t == "=":
			return false // an initialiser
		}
	}
	switch {
	case isNamespace:
		s.scope(open+1, close, prefix+name+"::", false)
	case function >= 0:
		if inType {
			s.checkMember(start, function, open)
		}
		s.function(start, function, open, close, prefix)
	case isType:
		if structure != "" && structure != "{" {
			s.after(open, " MSL_COPYABLE("+structure+")")
		}
		s.scope(open+1, close, prefix, true)
	default:
		return false
	}
	return true
}

// function reads the function whose parameters begin at the parenthesis.
func (s *source) function(start, parenthesis, open, close int, prefix string) {
	name := at(s.tokens, parenthesis-1)
	s.definitions[name]++
	if s.tokens[start].text != "template" {
		s.findSelfCall(name, open, close)
	}
	s.mention(name, start, close)
	s.checkExtents(open, close)
	var isKernel bool
	maxThreads := ""
	for i := start; i < parenthesis; i++ {
		if s.tokens[i].text == "kernel" {
			isKernel = true
		}
		last, ok := attributeAt(s.tokens, i)
		if !ok {
			continue
		}
		for _, a := range attributes(s.text, s.tokens, i, last) {
			isKernel = isKernel || a.name == "kernel"
			if a.name == "max_total_threads_per_threadgroup" {
				maxThreads = a.argument
			}
		}
		s.remove(i, last)
		i = last
	}
	if isKernel {
		k := &kernelSource{name: prefix + name, template: s.tokens[start].text == "template", maxThreads: maxThreads}
		k.parameters = s.parameters(parenthesis, closer(s.tokens, parenthesis))
		s.kernels = append(s.kernels, k)
	}
	s.body(open, close, isKernel)
}

// constructors rewrites the constructors of vectors.
func (s *source) constructors() {
	t := s.tokens
	for i := range t {
		first := i // with metal:: before it
		if at(t, i-1) == "::" && at(t, i-2) == "metal" {
			first = i - 2
		}
		if at(t, first-1) == "operator" {
			continue
		}
		switch {
		case s.vectorType(t[i].text) && at(t, i+1) == "(":
			s.replace(first, i, "msl::make<"+t[i].text+">")
		case t[i].text == "vec" && at(t, i+1) == "<":
			if close := closer(t, i+1); close > 0 && at(t, close+1) == "(" {
				s.replace(first, i, "msl::make<metal::vec")
				s.after(close, ">")
			}
		}
	}
}
