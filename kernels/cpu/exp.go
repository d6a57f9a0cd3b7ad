package cpu

import "math"

// exp32 returns e**x for x <= 0 or NaN, rounded to float32 from a double that
// is right to about 2**-30. The conversions forbid fused operations.
func exp32(x float32) float32 {
	if !(x > -104) { // below, the result is less than half the least subnormal
		if x != x {
			return x
		}
		return 0
	}
	// x = n*ln2 + r with |r| <= ln2/2. Adding 1.5*2**52 leaves n in the low bits.
	const shifter = 0x1.8p52
	t := float64(float64(x) * math.Log2E)
	shifted := t + shifter
	r := float64((t - (shifted - shifter)) * math.Ln2)
	p := float64(r*(1.0/5040)) + 1.0/720
	p = float64(p*r) + 1.0/120
	p = float64(p*r) + 1.0/24
	p = float64(p*r) + 1.0/6
	p = float64(p*r) + 0.5
	p = float64(p*r) + 1
	p = float64(p*r) + 1
	n := int64(math.Float64bits(shifted)<<32) >> 32
	return float32(p * math.Float64frombits(uint64(n+1023)<<52))
}
