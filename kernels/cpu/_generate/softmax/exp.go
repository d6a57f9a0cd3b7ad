package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// constants are what all rows need.
type constants struct {
	// coarse says that below 2^-32 only about 20 bits of an exponential count:
	// of binary16 nothing is left there.
	coarse bool

	lowest, least, log2e, shifter, ln2, ln2hi, ln2lo reg.VecVirtual
	poly                                             [2]reg.VecVirtual
	powers                                           [2]reg.VecVirtual // 2^(i/32)
	bit, belowHalf                                   reg.VecVirtual    // of bfloat16 in a word
}

func broadcast(x float32) reg.VecVirtual { return word(math.Float32bits(x)) }

func word(w uint32) reg.VecVirtual {
	v, g := ZMM(), GP32()
	MOVL(U32(w), g)
	VPBROADCASTD(g, v)
	return v
}

func newConstants(powers Mem, coarse bool) *constants {
	// Of the third term of the Taylor series, r^3/6, what a line through 0 can do
	// for |r| <= limit; the rest is at most limit^3/24, half a unit in the last
	// place.
	const limit = math.Ln2 / (2 * parts)
	ln2hi := math.Float32frombits(math.Float32bits(float32(math.Ln2)) &^ 0xfff) // n times this is exact
	c := &constants{
		coarse:  coarse,
		lowest:  broadcast(-math.MaxFloat32),
		least:   broadcast(-104), // below, the result is less than half the least subnormal
		log2e:   broadcast(math.Log2E),
		shifter: broadcast(0x1.8p23 / parts),
		ln2:     broadcast(math.Ln2),
		ln2hi:   broadcast(ln2hi), ln2lo: broadcast(float32(math.Ln2 - float64(ln2hi))),
		poly:   [2]reg.VecVirtual{broadcast(1 + limit*limit/8), broadcast(0.5)},
		powers: [2]reg.VecVirtual{ZMM(), ZMM()},
		bit:    word(1), belowHalf: word(0x7fff),
	}
	for i, p := range c.powers {
		VMOVUPS(powers.Offset(64*i), p)
	}
	return c
}

// parts is the steps from one power of 2 to the next.
const parts = 32

// tableOfPowers defines 2^(i/32) for 0 <= i < 32.
func tableOfPowers() Mem {
	table := GLOBL("powers", attr.RODATA|attr.NOPTR)
	for i := range parts {
		DATA(4*i, U32(math.Float32bits(float32(math.Exp2(float64(i)/parts)))))
	}
	return table
}

// exp replaces v <= 0 by e**v: v = n*ln2 + r with n a multiple of 1/32 and
// |r| <= ln2/64, and a polynomial of r. Adding the shifter rounds to parts and
// leaves those of n in the lowest five bits. A NaN stays one.
func (c *constants) exp(v reg.VecVirtual) {
	n, p, power := ZMM(), ZMM(), ZMM()
	VMAXPS(v, c.least, v) // returns v if that is a NaN
	VMOVAPS(c.shifter, n)
	VFMADD231PS(c.log2e, v, n)
	VMOVAPS(n, power)
	VPERMI2PS(c.powers[1], c.powers[0], power)
	VSUBPS(c.shifter, n, n)
	if c.coarse {
		VFNMADD231PS(c.ln2, n, v)
	} else {
		VFNMADD231PS(c.ln2hi, n, v)
		VFNMADD231PS(c.ln2lo, n, v)
	}
	VMOVAPS(c.poly[1], p)
	VFMADD213PS(c.poly[0], v, p)
	VMULPS(v, p, p)
	VFMADD213PS(power, power, p)
	VSCALEFPS(n, p, v)
}
