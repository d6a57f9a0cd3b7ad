// Command softmax generates the softmax over rows of contiguous elements.
//
// A row is gone over three times: maximum, exponentials and their sum, result.
// Vector i of a row adds to partial sum i modulo 4, and so does the rest that
// fills no vector; the order depends on the length of the row alone.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	powers := tableOfPowers()
	for _, e := range []element{{"F32", 4}, {"F16", 2}, {"BF16", 2}} {
		softmax(e, powers)
	}
	Generate()
}

// element is a type in memory.
type element struct {
	name string
	size int
}

const (
	lanes  = 16
	unroll = 4 // vectors
)

// row is what one pass over a row needs.
type row struct {
	element
	x, y, tmp reg.GPVirtual
	mask      reg.OpmaskVirtual // of what fills no vector
}

func softmax(e element, powers Mem) {
	TEXT("softmax"+e.name+"AVX512", NOSPLIT, "func(x, y *byte, tmp *float32, xs, ys, rows, n, ahead int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("softmax%sAVX512 sets rows of n contiguous elements at y, ys bytes apart, to the softmax", e.name),
		"of those at x, xs bytes apart. tmp has room for n floats; it may be y. What is fetched lies ahead bytes ahead.")
	r := &row{element: e}
	px, py := Load(Param("x"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64()).(reg.GPVirtual)
	rows := Load(Param("rows"), GP64()).(reg.GPVirtual)
	r.mask = r.restMask()
	c := newConstants(powers, e.name == "F16")
	Label("row")
	r.x, r.y, r.tmp = px, py, Load(Param("tmp"), GP64()).(reg.GPVirtual)
	if e.name == "F32" { // the exponentials fit in the result's own place
		r.tmp = py
	}
	max := r.maximum(c)
	sum := r.exponentials(c, max)
	r.result(c, sum)
	xs, ys := Load(Param("xs"), GP64()), Load(Param("ys"), GP64())
	ADDQ(xs, px)
	ADDQ(ys, py)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// restMask returns the mask of the last n%16 elements.
func (r *row) restMask() reg.OpmaskVirtual {
	n, bits, k := GP64(), GP32(), K()
	Load(Param("n"), n)
	ANDQ(U8(lanes-1), n)
	MOVL(U32(0xffff), bits)
	one := GP32()
	MOVL(U32(1), one)
	SHLXL(n.As32(), one, bits)
	DECL(bits)
	KMOVW(bits, k)
	return k
}

// exponentials stores exp(x-max) and returns the sum in every lane.
func (r *row) exponentials(c *constants, max reg.VecVirtual) reg.VecVirtual {
	acc := make([]reg.VecVirtual, unroll)
	for i := range acc {
		acc[i] = ZMM()
		VPXORD(acc[i], acc[i], acc[i])
	}
	next := GP64()
	Load(Param("ahead"), next)
	ADDQ(r.x, next)
	r.each("exp", func(i int, at reg.Register, masked bool) {
		if r.size == 4 || i%2 == 0 {
			PREFETCHT1(place(next, at, i, r.size))
		}
		v := r.load(at, i, masked)
		VSUBPS(max, v, v)
		c.exp(v)
		to, a := place(r.tmp, at, i, 4), acc[i&0xff]
		if masked {
			VMOVUPS(v, r.mask, to)
			VADDPS(v, a, r.mask, a)
		} else {
			VMOVUPS(v, to)
			VADDPS(v, a, a)
		}
	})
	return fold(acc, func(a, b, to Op) { VADDPS(a, b, to) })
}

// result scales the exponentials.
func (r *row) result(c *constants, sum reg.VecVirtual) {
	factor, zero := ZMM(), XMM()
	VDIVPS(sum, broadcast(1), factor)
	VPXORD(zero, zero, zero)
	VUCOMISS(sum.AsX(), zero)
	JEQ(LabelRef("nan")) // a NaN, or all elements were -Inf
	r.each("scale", func(i int, at reg.Register, masked bool) {
		v := ZMM()
		m := place(r.tmp, at, i, 4)
		if masked {
			VMOVUPS_Z(m, r.mask, v)
			VMULPS(factor, v, v)
		} else {
			VMULPS(m, factor, v)
		}
		r.store(c, v, at, i, masked)
	})
	JMP(LabelRef("stored"))
	Label("nan") // the one NaN
	q := word(0x7fc00000)
	r.each("nan", func(i int, at reg.Register, masked bool) {
		v := ZMM()
		VMOVAPS(q, v)
		r.store(c, v, at, i, masked)
	})
	Label("stored")
}
