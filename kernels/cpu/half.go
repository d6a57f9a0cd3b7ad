package cpu

import "math"

// widenF16 returns the value of a binary16, exactly. The exponent and mantissa
// are moved into place and rescaled, which also normalises subnormals.
func widenF16(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	if h&0x7c00 == 0x7c00 { // infinities and NaNs
		return math.Float32frombits(sign | 0x7f800000 | uint32(h&0x3ff)<<13)
	}
	magnitude := math.Float32frombits(uint32(h&0x7fff)<<13) * 0x1p112
	return math.Float32frombits(sign | math.Float32bits(magnitude))
}

func widenBF16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }
