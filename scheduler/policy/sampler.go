package policy

import "math"

// Sampler takes a fraction of a sequence: for one seed always the same ones,
// spread as if by chance. The zero Sampler takes none.
type Sampler struct {
	seed uint64
	most uint64 // of the numbers that are taken
	on   bool
}

// NewSampler returns a Sampler for a fraction from 0 to 1.
func NewSampler(fraction float64, seed uint64) Sampler {
	switch {
	case !(fraction > 0): // NaN too
		return Sampler{}
	case fraction >= 1:
		return Sampler{seed, math.MaxUint64, true}
	}
	return Sampler{seed, uint64(fraction * (1 << 64)), true}
}

// On reports whether anything is taken at all.
func (s *Sampler) On() bool { return s.on }

// Takes reports whether the n-th of the sequence is taken.
func (s *Sampler) Takes(n uint64) bool { return s.on && mix(n+mix(s.seed)) <= s.most }

// mix is the finaliser of SplitMix64: a permutation that leaves no pattern.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
