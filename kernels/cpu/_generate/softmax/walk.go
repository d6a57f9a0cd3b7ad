package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// each walks over a row: body is called for every vector of an unrolled round,
// for single vectors and for the rest, with the number of the vector in its
// round, its place and whether only the masked elements count.
func (r *row) each(what string, body func(i int, at reg.Register, masked bool)) {
	left, at := GP64(), GP64()
	Load(Param("n"), left)
	XORQ(at, at)
	label := func(s string) string { return what + s }
	Label(label("round"))
	SUBQ(U8(unroll*lanes), left)
	JL(LabelRef(label("few")))
	for i := range unroll {
		body(i, at, false)
	}
	ADDQ(U8(unroll*lanes), at)
	JMP(LabelRef(label("round")))
	Label(label("few"))
	ADDQ(U8(unroll*lanes), left)
	for i := range unroll {
		CMPQ(left, U8(lanes))
		JL(LabelRef(fmt.Sprintf("%srest%d", what, i)))
		body(0x100+i, at, false)
		ADDQ(U8(lanes), at)
		SUBQ(U8(lanes), left)
	}
	for i := range unroll {
		Label(fmt.Sprintf("%srest%d", what, i))
		TESTQ(left, left)
		JZ(LabelRef(label("end")))
		body(0x100+i, at, true)
		if i < unroll-1 {
			JMP(LabelRef(label("end")))
		}
	}
	Label(label("end"))
}

// place returns element at+16*i of memory, where i counts in a round only.
func place(base reg.Register, at reg.Register, i, size int) Mem {
	m := Mem{Base: base, Index: at, Scale: uint8(size)}
	if i < 0x100 {
		m.Disp = i * lanes * size
	}
	return m
}

// load widens a vector of x; masked elements that do not count are 0.
func (r *row) load(at reg.Register, i int, masked bool) reg.VecVirtual {
	v, m := ZMM(), place(r.x, at, i, r.size)
	switch {
	case r.name == "F32" && masked:
		VMOVUPS_Z(m, r.mask, v)
	case r.name == "F32":
		VMOVUPS(m, v)
	case r.name == "F16" && masked:
		half := YMM()
		VMOVDQU16_Z(m, r.mask, half)
		VCVTPH2PS(half, v)
	case r.name == "F16":
		VCVTPH2PS(m, v)
	case masked:
		VPMOVZXWD_Z(m, r.mask, v)
		VPSLLD(U8(16), v, v)
	default:
		VPMOVZXWD(m, v)
		VPSLLD(U8(16), v, v)
	}
	return v
}

// store narrows a vector to y, to nearest even. v is overwritten.
func (r *row) store(c *constants, v reg.VecVirtual, at reg.Register, i int, masked bool) {
	m := place(r.y, at, i, r.size)
	switch {
	case r.name == "F32" && masked:
		VMOVUPS(v, r.mask, m)
	case r.name == "F32":
		VMOVUPS(v, m)
	case r.name == "F16" && masked:
		VCVTPS2PH(U8(0), v, r.mask, m)
	case r.name == "F16":
		VCVTPS2PH(U8(0), v, m)
	default:
		c.round(v)
		if masked {
			VPMOVDW(v, r.mask, m)
		} else {
			VPMOVDW(v, m)
		}
	}
}

// round leaves the bfloat16 nearest to v in the low half of every word. The
// one NaN stays itself.
func (c *constants) round(v reg.VecVirtual) {
	odd := ZMM()
	VPSRLD(U8(16), v, odd)
	VPANDD(c.bit, odd, odd)
	VPADDD(c.belowHalf, odd, odd)
	VPADDD(odd, v, v)
	VPSRLD(U8(16), v, v)
}
