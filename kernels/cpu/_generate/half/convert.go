package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// widen generates the loading of n elements as float32.
func widen(s *set, t string) {
	name := "widen" + t + s.name
	TEXT(name, NOSPLIT, "func(dst *float32, src *byte, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets dst[i] = float32(src[i]) for n elements, a positive multiple of %d.", name, s.lanes()))
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	v := s.vector()
	Label("loop")
	s.load(t, Mem{Base: src}, v)
	VMOVUPS(v, Mem{Base: dst})
	ADDQ(U8(2*s.lanes()), src)
	ADDQ(U8(s.size), dst)
	SUBQ(U8(s.lanes()), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// narrow generates the storing of n elements, scaled and rounded.
func narrow(s *set, t string) {
	name := "store" + t + s.name
	TEXT(name, NOSPLIT, "func(dst *byte, src *float32, n int, factor float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets dst[i] = src[i]*factor for n elements, a positive multiple of %d,", name, s.lanes()),
		"rounded to nearest even; any NaN becomes the one quiet NaN.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	factor, v := s.vector(), s.vector()
	VBROADCASTSS(NewParamAddr("factor", 24), factor)
	r := newRounding(s, t)
	Label("loop")
	VMULPS(Mem{Base: src}, factor, v)
	r.store(v, Mem{Base: dst})
	ADDQ(U8(s.size), src)
	ADDQ(U8(bytes(t)*s.lanes()), dst)
	SUBQ(U8(s.lanes()), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// rounding stores vectors of float32 as another type.
type rounding struct {
	*set
	to   string
	nan  reg.VecVirtual
	half reg.VecVirtual // of a unit in the last place of bfloat16, less one
	one  reg.VecVirtual
}

func newRounding(s *set, to string) *rounding {
	r := &rounding{set: s, to: to, nan: s.constant(0x7fc00000)}
	if to == "BF16" {
		r.half, r.one = s.constant(0x7fff), s.constant(1)
	}
	return r
}

func (r *rounding) store(v reg.VecVirtual, m Mem) {
	const unordered = 3
	if r.set == avx512 {
		k := K()
		VCMPPS(U8(unordered), v, v, k)
		VMOVAPS(r.nan, k, v)
	} else {
		mask := r.vector()
		VCMPPS(U8(unordered), v, v, mask)
		VBLENDVPS(mask, r.nan, v, v)
	}
	switch r.to {
	case "F32":
		VMOVUPS(v, m)
	case "F16":
		VCVTPS2PH(U8(0), v, m)
	case "BF16":
		r.storeBF16(v, m)
	}
}

// storeBF16 adds 0x7fff, and 1 more if the result would be odd.
func (r *rounding) storeBF16(v reg.VecVirtual, m Mem) {
	odd := r.vector()
	VPSRLD(U8(16), v, odd)
	if r.set == avx512 {
		VPANDD(r.one, odd, odd)
	} else {
		VPAND(r.one, odd, odd)
	}
	VPADDD(r.half, v, v)
	VPADDD(odd, v, v)
	VPSRLD(U8(16), v, v)
	if r.set == avx512 {
		VPMOVDW(v, m)
		return
	}
	VPACKUSDW(v, v, v) // the elements are in quarters 0 and 2 now
	VPERMQ(U8(0b00_00_10_00), v, v)
	VMOVUPS(v.AsX(), m)
}
