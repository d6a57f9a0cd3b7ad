package msl

// attribute is one of [[name(argument), ...]].
type attribute struct {
	name, argument string
	first          token
}

// attributes returns those of the [[...]] whose last ] is at end.
func attributes(source string, t []token, begin, end int) []attribute {
	var out []attribute
	for i := begin + 2; i < end-1; i++ {
		if !t[i].word {
			continue
		}
		a := attribute{name: t[i].text, first: t[i]}
		if at(t, i+1) == "(" {
			close := closer(t, i+1)
			a.argument = source[t[i+1].end:t[close].begin]
			i = close
		}
		out = append(out, a)
	}
	return out
}

// skip returns the index after what begins at i: an attribute, a bracket with
// all it holds, or one token.
func skip(t []token, i int) int {
	switch t[i].text {
	case "(", "[", "{":
		if end := closer(t, i); end > 0 {
			return end + 1
		}
	}
	return i + 1
}

// split returns the ranges between top-level commas of t[begin:end].
func split(t []token, begin, end int) [][2]int {
	var out [][2]int
	start := begin
	for i := begin; i < end; {
		switch {
		case t[i].text == ",":
			out = append(out, [2]int{start, i})
			start = i + 1
			i++
		case t[i].text == "<":
			if close := closer(t, i); close > 0 && close < end {
				i = close
			}
			i++
		default:
			i = skip(t, i)
		}
	}
	if start < end {
		out = append(out, [2]int{start, end})
	}
	return out
}
