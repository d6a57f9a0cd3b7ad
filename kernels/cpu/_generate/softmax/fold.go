package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// maximum returns the largest element in every lane; a NaN may be passed over,
// it shows up in the sum.
func (r *row) maximum(c *constants) reg.VecVirtual {
	if r.name != "F32" {
		return r.maximumOfHalves()
	}
	acc := make([]reg.VecVirtual, unroll)
	for i := range acc {
		acc[i] = ZMM()
		VMOVAPS(c.lowest, acc[i])
	}
	r.each("max", func(i int, at reg.Register, masked bool) {
		a := acc[i&0xff]
		if masked {
			VMAXPS(a, r.load(at, i, masked), r.mask, a)
		} else {
			v := r.load(at, i, masked)
			VMAXPS(a, v, a)
		}
	})
	return fold(acc, func(a, b, to Op) { VMAXPS(a, b, to) })
}

// maximumOfHalves compares halves as whole numbers: of negative ones all bits
// but the sign are turned over.
func (r *row) maximumOfHalves() reg.VecVirtual {
	least, minusInf := YMM(), GP32()
	MOVL(U32(map[string]uint32{"F16": 0xfc00, "BF16": 0xff80}[r.name]), minusInf)
	VPBROADCASTW(minusInf, least)
	var wide, acc [unroll / 2]reg.VecVirtual // of rounds, and of what fills none
	for i := range acc {
		wide[i], acc[i] = ZMM(), YMM()
		VPBROADCASTW(minusInf, wide[i])
		turn(wide[i], ZMM())
		VPBROADCASTW(minusInf, acc[i])
		turn(acc[i], YMM())
	}
	r.each("max", func(i int, at reg.Register, masked bool) {
		m := place(r.x, at, i, 2)
		switch {
		case masked:
			v := YMM()
			VMOVDQU16(least, v)
			VMOVDQU16(m, r.mask, v)
			turn(v, YMM())
			VPMAXSW(v, acc[1], acc[1])
		case i >= 0x100:
			v := YMM()
			VMOVDQU16(m, v)
			turn(v, YMM())
			VPMAXSW(v, acc[0], acc[0])
		case i%2 == 0: // two vectors at once
			v := ZMM()
			VMOVDQU16(m, v)
			turn(v, ZMM())
			VPMAXSW(v, wide[i/2], wide[i/2])
		}
	})
	VPMAXSW(acc[1], acc[0], acc[0])
	VPMAXSW(wide[1], wide[0], wide[0])
	VPMAXSW(wide[0].AsY(), acc[0], acc[0])
	VEXTRACTI64X4(U8(1), wide[0], acc[1])
	VPMAXSW(acc[1], acc[0], acc[0])
	turn(acc[0], YMM())
	v := ZMM()
	if r.name == "F16" {
		VCVTPH2PS(acc[0], v)
	} else {
		VPMOVZXWD(acc[0], v)
		VPSLLD(U8(16), v, v)
	}
	return foldLanes(v, func(a, b, to Op) { VMAXPS(a, b, to) })
}

// turn makes whole numbers of halves that compare like them, and back.
func turn(v, sign reg.VecVirtual) {
	VPSRAW(U8(15), v, sign)
	VPSRLW(U8(1), sign, sign)
	VPXORD(sign, v, v)
}

// fold combines four vectors.
func fold(acc []reg.VecVirtual, op func(a, b, to Op)) reg.VecVirtual {
	op(acc[1], acc[0], acc[0])
	op(acc[3], acc[2], acc[2])
	op(acc[2], acc[0], acc[0])
	return foldLanes(acc[0], op)
}

// foldLanes combines the lanes of a vector, and broadcasts the result.
func foldLanes(v reg.VecVirtual, op func(a, b, to Op)) reg.VecVirtual {
	t := ZMM()
	for _, swap := range []uint8{0x4e, 0xb1} { // halves, then quarters
		VSHUFF32X4(U8(swap), v, v, t)
		op(t, v, v)
	}
	for _, swap := range []uint8{0x4e, 0xb1} {
		VPERMILPS(U8(swap), v, t)
		op(t, v, v)
	}
	return v
}
