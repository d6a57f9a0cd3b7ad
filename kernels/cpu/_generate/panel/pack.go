package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const distance = 512 // bytes from a row's use to its prefetch

// transpose generates the packing of as many rows as a vector has lanes. Rows
// are read 16 bytes at a time, one piece of four rows into each vector, so
// that transposing within 16-byte lanes is all that is left to do.
func transpose(s *set, kind string, halves bool) {
	name := "pack" + kind + s.name
	TEXT(name, NOSPLIT, "func(dst, src *byte, stride, quads int)")
	Pragma("noescape")
	rows := s.lanes()
	doc := fmt.Sprintf("%s moves word k of row i, at src+i*stride, to word i of row k of a panel at dst,", name)
	if halves {
		doc = fmt.Sprintf("%s moves halves 2k and 2k+1 of row i, at src+i*stride, to half i of rows 2k and 2k+1 of a panel at dst,", name)
	}
	Doc(doc, fmt.Sprintf("for %d rows and 4*quads words of each.", rows))
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	stride := Load(Param("stride"), GP64())
	quads := Load(Param("quads"), GP64())
	triple := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, triple)
	bases := []reg.Register{src}
	for len(bases) < rows/4 {
		b := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: stride, Scale: 4}, b)
		bases = append(bases, b)
	}
	t := &transposition{set: s, halves: halves, bases: bases, stride: stride, triple: triple, dst: dst, v: s.vectors(4), w: s.vectors(4)}

	Label("four")
	SUBQ(U8(4), quads)
	JL(LabelRef("rest"))
	for i := range rows {
		PREFETCHT1(t.row(i, distance))
	}
	for q := range 4 {
		t.quad(q)
	}
	t.advance(4)
	JMP(LabelRef("four"))
	Label("rest")
	ADDQ(U8(4), quads)
	JZ(LabelRef("done"))
	Label("one")
	t.quad(0)
	t.advance(1)
	DECQ(quads)
	JNZ(LabelRef("one"))
	Label("done")
	VZEROUPPER()
	RET()
}

type transposition struct {
	*set
	halves              bool
	bases               []reg.Register // rows 0, 4, 8, ...
	stride, triple, dst reg.Register
	v, w                []reg.VecVirtual
}

// row returns where a row is, disp bytes on.
func (t *transposition) row(i, disp int) Mem {
	m := Mem{Base: t.bases[i/4], Disp: disp}
	switch i % 4 {
	case 1, 2:
		m.Index, m.Scale = t.stride, uint8(i%4)
	case 3:
		m.Index, m.Scale = t.triple, 1
	}
	return m
}

// quad transposes four words of every row.
func (t *transposition) quad(q int) {
	v, w := t.v, t.w
	for r := range v {
		t.gather(v[r], r, 16*q)
	}
	VUNPCKLPS(v[1], v[0], w[0])
	VUNPCKHPS(v[1], v[0], w[1])
	VUNPCKLPS(v[3], v[2], w[2])
	VUNPCKHPS(v[3], v[2], w[3])
	VUNPCKLPD(w[2], w[0], v[0])
	VUNPCKHPD(w[2], w[0], v[1])
	VUNPCKLPD(w[3], w[1], v[2])
	VUNPCKHPD(w[3], w[1], v[3])
	for k := range v {
		t.store(v[k], 4*q+k)
	}
}

// gather loads 16 bytes of rows r, r+4, r+8, ...
func (t *transposition) gather(v reg.VecVirtual, r, disp int) {
	VMOVUPS(t.row(r, disp), v.AsX())
	for lane := 1; lane < t.lanes()/4; lane++ {
		if t.set == avx512 {
			VINSERTF32X4(U8(lane), t.row(r+4*lane, disp), v, v)
		} else {
			VINSERTF128(U8(lane), t.row(r+4*lane, disp), v, v)
		}
	}
}

// store stores word k of every row.
func (t *transposition) store(v reg.VecVirtual, k int) {
	if !t.halves {
		VMOVUPS(v, Mem{Base: t.dst, Disp: 4 * panel * k})
		return
	}
	even, odd := Mem{Base: t.dst, Disp: 4 * panel * k}, Mem{Base: t.dst, Disp: 4*panel*k + 2*panel}
	high, low := t.w[0], t.w[1]
	VPSRLD(U8(16), v, high)
	if t.set == avx512 {
		VPMOVDW(v, even)
		VPMOVDW(high, odd)
		return
	}
	VPSLLD(U8(16), v, low)
	VPSRLD(U8(16), low, low)
	VPACKUSDW(high, low, low) // low, high of rows 0-3, then of 4-7
	VPERMQ(U8(0b11_01_10_00), low, low)
	VMOVUPS(low.AsX(), even)
	VEXTRACTF128(U8(1), low, odd)
}

func (t *transposition) advance(quads int) {
	for _, b := range t.bases {
		ADDQ(U8(16*quads), b)
	}
	ADDQ(U32(4*4*panel*quads), t.dst)
}
