package msl

import (
	"regexp"
	"strconv"
	"strings"
)

// sourceName is how compiler output and debug information call an MSL source
// that names no file by #line.
const sourceName = "shader.metal"

// token is a piece of preprocessed source.
type token struct {
	text       string
	begin, end int // bytes of the text
	file       string
	line       int // of the file
	word       bool
}

var (
	tokenPattern = regexp.MustCompile(`^(?:` +
		`(?P<word>[A-Za-z_]\w*)` +
		`|\.?\d(?:[eEpP][+-]|[\w.])*` + // number
		`|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'` +
		`|::|->|<<=|>>=|[-+*/%&|^=!<>]=|&&|\|\||\+\+|--` + // not << and >>: they may close templates
		`|.)`)
	linePattern = regexp.MustCompile(`^#(?:line)?\s+(\d+)\s+"([^"]*)"`)
)

// scan splits preprocessed source. Line markers and pragmas are no tokens.
func scan(source string) []token {
	var tokens []token
	file, line := sourceName, 1
	for i := 0; i < len(source); {
		c := source[i]
		switch {
		case c == '\n':
			line++
			i++
		case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v':
			i++
		case c == '#' && (i == 0 || source[i-1] == '\n'):
			end := i + strings.IndexByte(source[i:]+"\n", '\n')
			if m := linePattern.FindStringSubmatch(source[i:end]); m != nil {
				n, _ := strconv.Atoi(m[1])
				file, line = m[2], n-1 // the marker's own end of line makes it n
			}
			i = end
		default:
			m := tokenPattern.FindStringSubmatchIndex(source[i:])
			end := i + m[1]
			tokens = append(tokens, token{source[i:end], i, end, file, line, m[2] >= 0})
			i = end
		}
	}
	return tokens
}

var closing = map[string]string{"(": ")", "{": "}", "[": "]", "<": ">"}

// closer returns the index of the token that closes the bracket at i, or -1. A
// "<" that is a comparison closes nowhere: not before ; or {.
func closer(t []token, i int) int {
	open := t[i].text
	depth := 0
	for j := i; j < len(t); j++ {
		switch s := t[j].text; {
		case s == open:
			depth++
		case s == closing[open]:
			if depth--; depth == 0 {
				return j
			}
		case open == "<" && (s == ";" || s == "{"):
			return -1
		case open == "<" && (s == "(" || s == "["):
			if j = closer(t, j); j < 0 {
				return -1
			}
		}
	}
	return -1
}

// attributeAt reports whether [[ begins at i, and the index of the last ].
func attributeAt(t []token, i int) (end int, ok bool) {
	if t[i].text != "[" || i+1 >= len(t) || t[i+1].text != "[" || t[i+1].begin != t[i].end {
		return 0, false
	}
	end = closer(t, i)
	return end, end > 0
}

// at returns the text of token i, or "" outside.
func at(t []token, i int) string {
	if i < 0 || i >= len(t) {
		return ""
	}
	return t[i].text
}
