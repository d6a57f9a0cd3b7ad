package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// zip generates the packing of w columns of x. Interleaving the columns pair
// by pair, those furthest apart first, brings all of one k side by side.
func zip(s *set, w int) {
	name := fmt.Sprintf("zip%d%s", w, s.name)
	TEXT(name, NOSPLIT, "func(dst *float32, columns *[8]*float32, blocks int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets dst[k*%d+j] = columns[j][k] for %d columns and %d*blocks k.", name, w, w, s.lanes()))
	dst := Load(Param("dst"), GP64())
	list := Load(Param("columns"), GP64())
	blocks := Load(Param("blocks"), GP64())
	at := GP64()
	XORQ(at, at)
	columns := make([]reg.GPVirtual, w)
	for j := range columns {
		columns[j] = GP64()
		MOVQ(Mem{Base: list, Disp: 8 * j}, columns[j])
	}
	z := newZipper(s)

	Label("loop")
	lines := make([][]reg.VecVirtual, w) // of one or more columns, interleaved
	for j := range lines {
		v := s.vector()
		VMOVUPS(Mem{Base: columns[j], Index: at, Scale: 1}, v)
		lines[j] = []reg.VecVirtual{v}
	}
	for half := w / 2; half > 0; half /= 2 {
		for j := range half {
			lines[j] = z.zip(lines[j], lines[j+half])
		}
	}
	for i, v := range lines[0] {
		VMOVUPS(v, Mem{Base: dst, Disp: i * s.size})
	}
	ADDQ(U32(s.size), at)
	ADDQ(U32(s.size*w), dst)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// zipper interleaves vectors.
type zipper struct {
	*set
	low, high reg.VecVirtual // indices for VPERMT2PS
}

func newZipper(s *set) *zipper {
	z := &zipper{set: s}
	if s == avx512 {
		z.low, z.high = z.indices("zipLow", 0), z.indices("zipHigh", 8)
	}
	return z
}

var tables = map[string]Mem{}

// indices loads the indices first, 16+first, first+1, 17+first, ...
func (z *zipper) indices(name string, first uint32) reg.VecVirtual {
	table, ok := tables[name]
	if !ok {
		table = GLOBL(name, RODATA|NOPTR)
		for i := uint32(0); i < 8; i++ {
			DATA(int(8*i), U32(first+i))
			DATA(int(8*i+4), U32(16+first+i))
		}
		tables[name] = table
	}
	v := z.vector()
	VMOVUPS(table, v)
	return v
}

// zip interleaves a and b, which are as long.
func (z *zipper) zip(a, b []reg.VecVirtual) (both []reg.VecVirtual) {
	for i := range a {
		l, h := z.vector(), z.vector()
		if z.set == avx512 {
			VMOVDQA32(z.low, l)
			VMOVDQA32(z.high, h)
			VPERMI2PS(b[i], a[i], l)
			VPERMI2PS(b[i], a[i], h)
		} else {
			x, y := z.vector(), z.vector()
			VUNPCKLPS(b[i], a[i], x)
			VUNPCKHPS(b[i], a[i], y)
			VPERM2F128(U8(0x20), y, x, l)
			VPERM2F128(U8(0x31), y, x, h)
		}
		both = append(both, l, h)
	}
	return both
}
