// Command panel generates the kernels over panels of 48 rows: the product of a
// panel with a few columns, and what makes panels and packs columns.
//
// A panel lies k-major. Of float32 and binary16 it is K rows of 48 elements.
// Of bfloat16 it is K/2 rows of 48 pairs, element k in the low half of a word
// and k+1 in the high half, so that both widen with one instruction.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

const panel = 48 // rows

func main() {
	ConstraintExpr("!noasm")
	for _, s := range sets {
		for _, t := range []element{f32, f16, bf16} {
			for _, w := range s.widths {
				multiply(s, t, w, stream)
			}
		}
	}
	for _, t := range []element{f32, f16, bf16} {
		for _, m := range tiles {
			multiply(avx512, t, 8, m)
		}
	}
	for _, m := range apart {
		multiply(avx512, f32, 8, m)
	}
	for _, s := range sets {
		transpose(s, "Words", false)
		transpose(s, "Halves", true)
		for _, w := range []int{2, 4, 8} {
			zip(s, w)
		}
	}
	for _, t := range []element{f32, f16, bf16} {
		copyRows(t)
	}
	Generate()
}

// set is an instruction set.
type set struct {
	name   string
	size   int // bytes of a vector
	vector func() reg.VecVirtual
	widths []int // columns of the products
}

var (
	avx512 = &set{"AVX512", 64, func() reg.VecVirtual { return ZMM() }, []int{1, 2, 4, 8}}
	avx2   = &set{"AVX2", 32, func() reg.VecVirtual { return YMM() }, []int{1, 2, 4}}
	sets   = []*set{avx512, avx2}
)

// lanes returns the floats of a vector.
func (s *set) lanes() int { return s.size / 4 }

func (s *set) zero(r reg.VecVirtual) {
	if s == avx512 {
		VPXORD(r, r, r)
	} else {
		VPXOR(r, r, r)
	}
}

func (s *set) vectors(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = s.vector()
	}
	return v
}
