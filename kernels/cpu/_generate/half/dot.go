package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sums is the number of partial sums of a dot product.
const sums = 64

// dot generates a dot product in partial sums.
func dot(s *set, t string) {
	const ahead = 1024
	name := "dot" + t + s.name
	TEXT(name, NOSPLIT, "func(a *byte, x *float32, n int, lanes *[64]float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds a[k]*x[k] to lanes[k%%64] for n elements, a positive multiple of 64,", name),
		"k ascending, each product fused with its addition.")
	a := Load(Param("a"), GP64())
	x := Load(Param("x"), GP64())
	n := Load(Param("n"), GP64())
	lanes := Load(Param("lanes"), GP64())
	acc := make([]reg.VecVirtual, sums/s.lanes())
	for i := range acc {
		acc[i] = s.vector()
		VMOVUPS(Mem{Base: lanes, Disp: i * s.size}, acc[i])
	}
	v := []reg.VecVirtual{s.vector(), s.vector(), s.vector(), s.vector()}
	Label("loop")
	for i := range acc {
		s.load(t, Mem{Base: a, Disp: i * s.lanes() * bytes(t)}, v[i%4])
		VFMADD231PS(Mem{Base: x, Disp: i * s.size}, v[i%4], acc[i])
	}
	for at := 0; at < sums*bytes(t); at += 64 {
		PREFETCHT0(Mem{Base: a, Disp: ahead + at})
	}
	ADDQ(U32(sums*bytes(t)), a)
	ADDQ(U32(sums*4), x)
	SUBQ(U8(sums), n)
	JNZ(LabelRef("loop"))
	for i := range acc {
		VMOVUPS(acc[i], Mem{Base: lanes, Disp: i * s.size})
	}
	VZEROUPPER()
	RET()
}
