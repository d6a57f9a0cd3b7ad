package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// step generates the products of one k, u of them after pa and px.
func (p *product) step(u, ux int) {
	if len(p.x) == p.w {
		p.allColumns(u, ux)
	} else {
		p.allRows(u, ux)
	}
	if p.set == avx2 {
		ADDQ(p.xs, p.px)
	}
}

// allRows keeps the rows of A in registers and takes column after column.
func (p *product) allRows(u, ux int) {
	for i := range p.a {
		p.widen(u, i, p.a[i])
	}
	for j := range p.sums {
		if p.embeds(j) {
			for i := range p.a {
				VFMADD231PS_BCST(p.xAt(ux, j), p.a[i], p.sums[j][i])
			}
			continue
		}
		VBROADCASTSS(p.xAt(ux, j), p.x[0])
		for i := range p.a {
			VFMADD231PS(p.a[i], p.x[0], p.sums[j][i])
		}
	}
}

// embeds reports whether the multiplications with column j load x themselves.
// That saves an instruction and costs loads: all columns would take more than
// the two a cycle that there are, half of them take less. Of a core that two
// threads share, instructions are what a thread lacks.
func (p *product) embeds(j int) bool {
	return p.set == avx512 && (p.rows == 1 || j%2 == 1)
}

// allColumns keeps x in registers and takes vector after vector of A.
func (p *product) allColumns(u, ux int) {
	for j := range p.x {
		VBROADCASTSS(p.xAt(ux, j), p.x[j])
	}
	for i := range p.rows {
		a := p.a[i%len(p.a)]
		p.widen(u, i, a)
		for j := range p.sums {
			VFMADD231PS(a, p.x[j], p.sums[j][i])
		}
	}
}

// down goes to the next row of A after k number u, if rows lie apart.
func (p *product) down(u int) {
	if p.apart && u%p.each == p.each-1 {
		ADDQ(p.as, p.pa)
	}
}

// xAt returns where x of a column is; AVX2 moves px itself in every step.
func (p *product) xAt(u, j int) Mem {
	if p.apart {
		at := Mem{Base: []reg.Register{p.px, p.px3, p.px6}[j/3], Disp: 4 * u}
		if j%3 > 0 {
			at.Index, at.Scale = p.xs, uint8(j%3)
		}
		return at
	}
	if p.set == avx2 {
		u = 0
	}
	return Mem{Base: p.px, Disp: 4 * (u*p.w + j)}
}

func (p *product) advance(k int) {
	switch {
	case p.apart:
		for _, x := range []reg.GPVirtual{p.px, p.px3, p.px6} {
			ADDQ(U8(4*k), x)
		}
	case p.set == avx512:
		ADDQ(U32(k*4*p.w), p.px)
	}
}

// widen loads vector i of row u of the panel.
func (p *product) widen(u, i int, r reg.VecVirtual) {
	at := Mem{Base: p.pa, Disp: i * p.size * p.row / panel * p.each / 4}
	if !p.apart {
		at.Disp += u / p.each * p.each * p.row
	}
	switch {
	case p.name() == "F32":
		VMOVUPS(at, r)
	case p.name() == "F16":
		VCVTPH2PS(at, r)
	case p.set == avx512 && u%2 == 0:
		VPSLLD(U8(16), at, r)
	case p.set == avx512:
		VPANDD(at, p.odd, r)
	default:
		VMOVUPS(at, r)
		if u%2 == 1 {
			VPSRLD(U8(16), r, r)
		}
		VPSLLD(U8(16), r, r)
	}
}

func (p *product) name() string { return p.element.name }
