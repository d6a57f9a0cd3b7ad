package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// element is a type of A.
type element struct {
	name string
	row  int // bytes that one k takes in a panel
	each int // k that are widened from one vector
}

var (
	f32  = element{"F32", 4 * panel, 1}
	f16  = element{"F16", 2 * panel, 1}
	bf16 = element{"BF16", 2 * panel, 2}
)

const (
	unroll = 4     // k
	ahead  = 16384 // bytes from use to prefetch of a stream
)

// product is one generated function.
type product struct {
	*set
	element
	w    int // columns
	rows int // vectors of one pass over the panel
	sums [][]reg.VecVirtual
	a, x []reg.VecVirtual // as many of both as there is room for
	odd  reg.VecVirtual   // selects the odd element of a pair

	mode
	k, pa, px, xs, pc, ldc, next, lines reg.GPVirtual
	as, px3, px6                        reg.GPVirtual // distance of rows of A, columns 3 and 6, if they lie apart
}

func multiply(s *set, t element, w int, m mode) {
	p := &product{set: s, element: t, w: w, rows: m.rows / s.lanes(), mode: m}
	for p.rows*w > 12 && s == avx2 {
		p.rows /= 2
	}
	name := fmt.Sprintf("mul%sx%d%s%s", t.name, w, m.name, s.name)
	TEXT(name, NOSPLIT, m.signature())
	Pragma("noescape")
	Doc(m.doc(name, w)...)
	for first := 0; first < m.rows; first += p.rows * s.lanes() {
		p.pass(first)
	}
	VZEROUPPER()
	RET()
}

// pass generates the rows from first on.
func (p *product) pass(first int) {
	label := func(s string) string { return fmt.Sprintf("%s%d", s, first) }
	p.load(first)
	p.begin(label)

	if p.tile {
		p.fetchOut(label)
	}
	Label(label("main"))
	SUBQ(U8(unroll), p.k)
	JL(LabelRef(label("rest")))
	for u := 0; u < unroll; u++ {
		p.step(u, u)
		p.down(u)
		if !p.tile {
			p.prefetchRow(u)
		}
	}
	if p.tile && p.mode.rows == panel {
		p.prefetchLines(label)
	}
	if !p.apart {
		ADDQ(U32(unroll*p.row), p.pa)
	}
	p.advance(unroll)
	JMP(LabelRef(label("main")))

	Label(label("rest"))
	ADDQ(U8(unroll), p.k)
	JZ(LabelRef(label("store")))
	if p.each == 2 {
		CMPQ(p.k, U8(2))
		JL(LabelRef(label("last")))
		p.step(0, 0)
		p.step(1, 1)
		p.down(1)
		if !p.apart {
			ADDQ(U32(2*p.row), p.pa)
		}
		p.advance(2)
		SUBQ(U8(2), p.k)
		JZ(LabelRef(label("store")))
	}
	Label(label("last"))
	p.step(0, 0)
	if p.each == 1 {
		p.down(0)
		if !p.apart {
			ADDQ(U32(p.row), p.pa)
		}
		p.advance(1)
		DECQ(p.k)
		JNZ(LabelRef(label("last")))
	}

	Label(label("store"))
	if p.tile {
		p.finish(label)
	}
	p.visit(p.pc, p.ldc, func(i, j int, c Mem) { VMOVUPS(p.sums[j][i], c) })
}

// finish stores the sums to out, if that is set, and returns.
func (p *product) finish(label func(string) string) {
	out, ldo, word := GP64(), GP64(), GP32()
	factor, nan, isNaN := ZMM(), ZMM(), K()
	Load(Param("out"), out)
	TESTQ(out, out)
	JZ(LabelRef(label("sums")))
	Load(Param("ldo"), ldo)
	SHLQ(U8(2), ldo)
	alpha, err := Param("alpha").Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(alpha.Addr, factor)
	MOVL(U32(0x7fc00000), word)
	VPBROADCASTD(word, nan)
	p.visit(out, ldo, func(i, j int, to Mem) {
		v := p.sums[j][i]
		VMULPS(factor, v, v)
		VCMPPS(U8(3), v, v, isNaN)
		VMOVAPS(nan, isNaN, v)
		VMOVUPS(v, to)
	})
	VZEROUPPER()
	RET()
	Label(label("sums"))
}

// load loads the arguments anew for a pass.
func (p *product) load(first int) {
	p.k = Load(Param("k"), GP64()).(reg.GPVirtual)
	p.pa = Load(Param("a"), GP64()).(reg.GPVirtual)
	p.px = Load(Param("x"), GP64()).(reg.GPVirtual)
	p.pc = Load(Param("c"), GP64()).(reg.GPVirtual)
	p.ldc = Load(Param("ldc"), GP64()).(reg.GPVirtual)
	SHLQ(U8(2), p.ldc)
	if p.set == avx2 || p.apart {
		p.xs = Load(Param("xs"), GP64()).(reg.GPVirtual)
		SHLQ(U8(2), p.xs)
	}
	if p.apart {
		p.as = Load(Param("as"), GP64()).(reg.GPVirtual)
		p.px3, p.px6 = GP64(), GP64()
		LEAQ(Mem{Base: p.xs, Index: p.xs, Scale: 2}, p.px6)
		LEAQ(Mem{Base: p.px, Index: p.px6, Scale: 1}, p.px3)
		LEAQ(Mem{Base: p.px, Index: p.px6, Scale: 2}, p.px6)
	}
	if p.tile && p.mode.rows == panel {
		p.next = Load(Param("next"), GP64()).(reg.GPVirtual)
		p.lines = Load(Param("lines"), GP64()).(reg.GPVirtual)
	}
	if first > 0 {
		ADDQ(U32(first*p.row/panel*p.each), p.pa)
		ADDQ(U32(first*4), p.pc)
	}
}

// begin loads or clears the sums.
func (p *product) begin(label func(string) string) {
	p.a, p.x = p.vectors(p.rows), p.vectors(1)
	if p.set == avx2 && p.w == 2 { // 12 sums and 4 more
		p.a, p.x = p.vectors(2), p.vectors(2)
	}
	p.sums = make([][]reg.VecVirtual, p.w)
	for j := range p.sums {
		p.sums[j] = p.vectors(p.rows)
	}
	if p.each == 2 && p.set == avx512 {
		p.odd = p.vector()
		mask := GP32()
		MOVL(U32(0xffff0000), mask)
		VPBROADCASTD(mask, p.odd)
	}
	more := Load(Param("more"), GP8())
	TESTB(more, more)
	JZ(LabelRef(label("zero")))
	p.visit(p.pc, p.ldc, func(i, j int, c Mem) { VMOVUPS(c, p.sums[j][i]) })
	JMP(LabelRef(label("begun")))
	Label(label("zero"))
	for j := range p.sums {
		for i := range p.sums[j] {
			p.zero(p.sums[j][i])
		}
	}
	Label(label("begun"))
}

// visit calls each for every vector of the result at c.
func (p *product) visit(c, ldc reg.GPVirtual, each func(i, j int, c Mem)) {
	column := GP64()
	MOVQ(c, column)
	for j := 0; j < p.w; j++ {
		for i := 0; i < p.rows; i++ {
			each(i, j, Mem{Base: column, Disp: i * p.size})
		}
		if j < p.w-1 {
			ADDQ(ldc, column)
		}
	}
}
