package msl

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScan(t *testing.T) {
	var got []string
	for _, tok := range scan("a1 += 1.5e-3f;\n# 7 \"x.metal\" 2\n[[b]] \"s \\\" t\" p->q::r\n#pragma unroll\n'c' <<= 0x1fu >> .5h\\") {
		word := ""
		if tok.word {
			word = "w"
		}
		got = append(got, fmt.Sprintf("%s:%d%s %s", tok.file, tok.line, word, tok.text))
	}
	require.Equal(t, strings.Split(strings.TrimSpace(`
shader.metal:1w a1
shader.metal:1 +=
shader.metal:1 1.5e-3f
shader.metal:1 ;
x.metal:7 [
x.metal:7 [
x.metal:7w b
x.metal:7 ]
x.metal:7 ]
x.metal:7 "s \" t"
x.metal:7w p
x.metal:7 ->
x.metal:7w q
x.metal:7 ::
x.metal:7w r
x.metal:9 'c'
x.metal:9 <<=
x.metal:9 0x1fu
x.metal:9 >
x.metal:9 >
x.metal:9 .5h
x.metal:9 \`), "\n"), got)
}

func TestCloser(t *testing.T) {
	for source, want := range map[string]int{
		"(a(b)c)d":      6,
		"{[(])}":        5,
		"<a, b<c> >d":   7,
		"<a; b>":        -1,
		"<f(a > b), c>": 9,
		"(":             -1,
	} {
		require.Equal(t, want, closer(scan(source), 0), source)
	}
}
