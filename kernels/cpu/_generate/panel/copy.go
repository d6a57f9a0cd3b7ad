package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const rowsAhead = 32 // k from a use to its prefetch

// copyRows generates the packing of a matrix whose columns are contiguous.
func copyRows(t element) {
	name := "copy" + t.name + "AVX512"
	TEXT(name, NOSPLIT, "func(dst, src *byte, stride, k, rows int)")
	Pragma("noescape")
	columnsOf, kind := "column k, at src+k*stride, to row k", "positive"
	if t == bf16 {
		columnsOf, kind = "columns 2k and 2k+1, at src+2k*stride, to row k of pairs", "positive even"
	}
	Doc(fmt.Sprintf("%s moves the first rows, at most %d, of %s of a panel at dst,", name, panel, columnsOf),
		fmt.Sprintf("for a %s number of k.", kind))
	c := &columns{element: t, dst: Load(Param("dst"), GP64()), src: Load(Param("src"), GP64()), stride: Load(Param("stride"), GP64())}
	k := Load(Param("k"), GP64())
	c.far = GP64()
	IMUL3Q(U8(rowsAhead), c.stride, c.far)
	c.counted()
	Label("column")
	for i := range c.masks {
		c.copy(i)
	}
	c.advance()
	SUBQ(U8(uint8(t.each)), k)
	JNZ(LabelRef("column"))
	VZEROUPPER()
	RET()
}

// columns is a copy in progress.
type columns struct {
	element
	dst, src, stride reg.Register
	far              reg.GPVirtual        // to what is fetched
	masks            [3]reg.OpmaskVirtual // of the rows in each vector
}

func (c *columns) counted() {
	rows, bits := GP64(), GP64()
	Load(Param("rows"), rows)
	MOVQ(I32(-1), bits)
	BZHIQ(rows, bits, bits)
	for i := range c.masks {
		c.masks[i] = K()
		KMOVW(bits.As32(), c.masks[i])
		SHRQ(U8(16), bits)
	}
}

// copy moves vector i of a column, or of a pair of columns.
func (c *columns) copy(i int) {
	at, to := Mem{Base: c.src, Disp: i * 64 / (4 / c.width())}, Mem{Base: c.dst, Disp: i * 64}
	switch c.name {
	case "F32":
		v := ZMM()
		VMOVUPS_Z(at, c.masks[i], v)
		VMOVUPS(v, c.masks[i], to)
	case "F16":
		v := YMM()
		to.Disp = i * 32
		VMOVDQU16_Z(at, c.masks[i], v)
		VMOVDQU16(v, c.masks[i], to)
	default:
		low, high := ZMM(), ZMM()
		VPMOVZXWD_Z(at, c.masks[i], low)
		at.Index, at.Scale = c.stride, 1
		VPMOVZXWD_Z(at, c.masks[i], high)
		VPSLLD(U8(16), high, high)
		VPORD(low, high, high)
		VMOVDQU32(high, c.masks[i], to)
	}
}

// width is the bytes of an element in the matrix.
func (c *columns) width() int {
	if c.name == "F32" {
		return 4
	}
	return 2
}

// advance goes to the next column, or pair, and fetches one further on.
func (c *columns) advance() {
	for d := 0; d < panel*c.width(); d += 64 {
		PREFETCHT0(Mem{Base: c.src, Index: c.far, Scale: 1, Disp: d})
	}
	ADDQ(c.stride, c.src)
	if c.each == 2 {
		ADDQ(c.stride, c.src)
	}
	ADDQ(U32(c.row*c.each), c.dst)
}
