package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// fetchOut fetches where the results go.
func (p *product) fetchOut(label func(string) string) {
	out, ldo := GP64(), GP64()
	Load(Param("out"), out)
	TESTQ(out, out)
	JZ(LabelRef(label("main")))
	Load(Param("ldo"), ldo)
	SHLQ(U8(2), ldo)
	p.visit(out, ldo, func(_, _ int, to Mem) { PREFETCHT0(to) })
}

// prefetchRow fetches the lines that start in row u.
func (p *product) prefetchRow(u int) {
	for at := (u*p.row + 63) / 64 * 64; at < (u+1)*p.row; at += 64 {
		PREFETCHT1(Mem{Base: p.pa, Disp: ahead + at})
	}
}

// prefetchLines fetches for four k.
func (p *product) prefetchLines(label func(string) string) {
	n := GP64()
	MOVQ(p.lines, n)
	TESTQ(n, n)
	JZ(LabelRef(label("fetched")))
	Label(label("fetch"))
	PREFETCHT1(Mem{Base: p.next})
	ADDQ(U8(64), p.next)
	DECQ(n)
	JNZ(LabelRef(label("fetch")))
	Label(label("fetched"))
}
