// Command peak generates loops that do nothing but what a processor does best:
// fused multiplications with addition from registers, and reading memory.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// chains is the independent sums in flight: more than two units times their
// latency, fewer than there are registers of the smaller set.
const chains = 12

func main() {
	ConstraintExpr("!noasm")
	fma("fma512", 512, func() reg.VecVirtual { return ZMM() })
	fma("fma256", 256, func() reg.VecVirtual { return YMM() })
	read("read512", 64, func() reg.VecVirtual { return ZMM() })
	read("read256", 32, func() reg.VecVirtual { return YMM() })
	Generate()
}

func fma(name string, bits int, vector func() reg.VecVirtual) {
	TEXT(name, NOSPLIT, "func(rounds int)")
	Pragma("noescape")
	Doc(name+" adds products to 12 vectors of "+map[int]string{512: "16", 256: "8"}[bits]+" floats, rounds times.", "rounds must be positive.")
	rounds := Load(Param("rounds"), GP64())
	x := vector()
	sums := zeros(vector)
	zero(x)
	Label("loop")
	for _, s := range sums {
		VFMADD231PS(x, x, s)
	}
	DECQ(rounds)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func read(name string, size int, vector func() reg.VecVirtual) {
	const unroll = 8
	TEXT(name, NOSPLIT, "func(p *byte, blocks int)")
	Pragma("noescape")
	Doc(name + " reads blocks of 512 bytes from p on. blocks must be positive.")
	p := Load(Param("p"), GP64())
	blocks := Load(Param("blocks"), GP64())
	sums := zeros(vector)[:unroll]
	Label("loop")
	for at := 0; at < 512; at += size {
		VPADDD(Mem{Base: p, Disp: at}, sums[at/size%unroll], sums[at/size%unroll])
	}
	ADDQ(U32(512), p)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func zeros(vector func() reg.VecVirtual) []reg.VecVirtual {
	vs := make([]reg.VecVirtual, chains)
	for i := range vs {
		vs[i] = vector()
		zero(vs[i])
	}
	return vs
}

func zero(v reg.VecVirtual) {
	if v.Size() == 64 {
		VPXORD(v, v, v)
		return
	}
	VXORPS(v, v, v)
}
