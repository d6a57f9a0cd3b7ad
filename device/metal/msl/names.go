package msl

import "strings"

// metalNames are names of namespace metal, which sources bring into program
// scope: a second thing of the name there makes its use ambiguous. Functions of
// our prelude are templates, so C++ would choose the source's own. The names are
// those that translators to Metal avoid, and the functions of numbers.
var metalNames = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Fields(`
		main assert bias level gradient2d gradient3d gradientcube min_lod_clamp quad complex imaginary llong ullong
		abs acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh cospi divide exp exp10 exp2 fabs fdim floor
		fma fmax fmax3 fmedian3 fmin fmin3 fmod fract frexp ldexp log log10 log2 modf pow powr rint round rsqrt sin
		sincos sinh sinpi sqrt tan tanh tanpi trunc clamp mix saturate sign smoothstep step all any isfinite isinf
		isnan isnormal isordered isunordered select signbit absdiff addsat clz ctz hadd madhi madsat max max3 median3
		min min3 mulhi popcount reverse_bits rhadd rotate subsat cross distance distance_squared dot length
		length_squared normalize reflect refract determinant transpose`) {
		names[name] = true
	}
	return names
}()

// checkNames refuses what a declaration of program scope calls by one of these
// names: the tokens are from start to end, or to the brace at open.
func (s *source) checkNames(start, open, end int) {
	enumeration := false
	for i := start; i < open; {
		switch next := at(s.tokens, i+1); {
		case s.tokens[i].text == "using" || s.tokens[i].text == "namespace":
			return
		case s.tokens[i].text == "=":
			i = open
			continue
		case s.tokens[i].text == "<" && closer(s.tokens, i) > 0:
			i = closer(s.tokens, i)
		case s.tokens[i].text == "enum":
			enumeration = next != "class"
		case next == "(" || next == "=" || next == "[" || next == "{" || next == ";" || next == ",":
			s.checkName(i)
		}
		i = skip(s.tokens, i)
	}
	for _, e := range split(s.tokens, open+1, end) {
		if enumeration {
			s.checkName(e[0])
		}
	}
}

func (s *source) checkName(i int) {
	if t := s.tokens[i]; metalNames[t.text] {
		s.fail(t, "%s is a name of Metal's own, so that its use is ambiguous", t.text)
	}
}
