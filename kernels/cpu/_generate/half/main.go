// Command half generates the conversions between float32 and the types in
// memory, and the dot products of rows of any type with float32 vectors.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	for _, s := range []*set{avx512, avx2} {
		for _, t := range []string{"F32", "F16", "BF16"} {
			if t != "F32" {
				widen(s, t)
			}
			narrow(s, t)
			dot(s, t)
		}
	}
	Generate()
}

// set is an instruction set.
type set struct {
	name   string
	size   int // bytes of a vector
	vector func() reg.VecVirtual
}

var (
	avx512 = &set{"AVX512", 64, func() reg.VecVirtual { return ZMM() }}
	avx2   = &set{"AVX2", 32, func() reg.VecVirtual { return YMM() }}
)

func (s *set) lanes() int { return s.size / 4 }

// half returns a register of half a vector.
func (s *set) half() reg.VecVirtual {
	if s == avx512 {
		return YMM()
	}
	return XMM()
}

func (s *set) zero(r reg.VecVirtual) {
	if s == avx512 {
		VPXORD(r, r, r)
	} else {
		VPXOR(r, r, r)
	}
}

// constant returns a vector of equal words.
func (s *set) constant(word uint32) reg.VecVirtual {
	v, w := s.vector(), GP32()
	MOVL(U32(word), w)
	if s == avx512 {
		VPBROADCASTD(w, v)
		return v
	}
	VMOVD(w, v.AsX())
	VPBROADCASTD(v.AsX(), v)
	return v
}

// load loads a vector of elements from memory and widens it.
func (s *set) load(t string, m Mem, v reg.VecVirtual) {
	switch t {
	case "F32":
		VMOVUPS(m, v)
	case "F16":
		VCVTPH2PS(m, v)
	case "BF16":
		VPMOVZXWD(m, v)
		VPSLLD(U8(16), v, v)
	}
}

// bytes returns the size of an element.
func bytes(t string) int {
	if t == "F32" {
		return 4
	}
	return 2
}
