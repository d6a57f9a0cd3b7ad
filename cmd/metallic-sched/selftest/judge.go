package selftest

import (
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// single is the greatest relative error of one rounding to float32.
const single = 0x1p-24

// off is the measure of what is wrong altogether: JSON knows no infinity.
const off = 1e30

// The bounds, as they are shown.
const (
	ProductBound = "a product may be off by one rounding of C, and by 4 + 2*sqrt(K) roundings of a float32 relative to the row's magnitude |alpha|*sum|a||b| + |beta*c| + |bias|"
	SoftmaxBound = "an element of a softmax of n columns may be off by one rounding of its type, and by 16 + 4*sqrt(n) + 8*min(104, max-x) roundings of a float32 relative to itself"
)

// rounding returns the greatest relative error of one rounding to dt.
func rounding(dt tensor.DType) float64 {
	switch dt {
	case tensor.F16:
		return 0x1p-11
	case tensor.BF16:
		return 0x1p-8
	case tensor.F32:
	}
	return single
}

// normal returns the least normal number of a type.
func normal(dt tensor.DType) float64 {
	if dt == tensor.F16 {
		return 0x1p-14
	}
	return 0x1p-126
}

// tiny is what rounding may change of numbers next to 0, where a device may
// take float32 subnormals for 0.
func tiny(dt tensor.DType) float64 {
	if dt == tensor.F16 {
		return 0x1p-25
	}
	return 0x1p-126
}

// tolerance is how far a result may be from what it should be: by what no
// result of its type can avoid, and by what its kernel is allowed.
type tolerance struct{ unavoidable, allowed float64 }

// productTolerance is that of an element of C: see ProductBound. A single term
// that is missing from a sum of thousands exceeds it, and so does arithmetic
// of less than float32.
func productTolerance(dt tensor.DType, k int, want, magnitude float64) tolerance {
	return tolerance{rounding(dt)*math.Abs(want) + tiny(dt), (4 + 2*math.Sqrt(float64(k))) * single * magnitude}
}

// softmaxTolerance is that of an element of a softmax: see SoftmaxBound.
// distance is that of its input from the row's greatest.
func softmaxTolerance(dt tensor.DType, attended int, want, distance float64) tolerance {
	terms := 16 + 4*math.Sqrt(float64(attended)) + 8*math.Min(104, distance)
	return tolerance{rounding(dt)*want + tiny(dt), terms * single * want}
}

// Measure is how far results were from what they should be.
type Measure struct {
	// Units is the greatest error in roundings of the result's type, relative
	// to the magnitude of its row (softmax: to the element).
	Units float64 `json:"units"`
	// OfBound is the greatest error, less the rounding of the result, as a part
	// of what is allowed: up to 1 is right. At is where that was.
	OfBound float64 `json:"of_bound"`
	At      [2]int  `json:"at"`
	Got     string  `json:"got,omitempty"` // there, where OfBound exceeds 1
	Want    string  `json:"want,omitempty"`
}

// see takes another element into account. unit is one of Units.
func (m *Measure) see(i, j int, got float32, want, unit float64, t tolerance) {
	e := math.Abs(float64(got) - want)
	units, part := ratio(e, unit), ratio(e-math.Min(e, t.unavoidable), t.allowed)
	m.Units = max(m.Units, units)
	if part > m.OfBound {
		m.OfBound, m.At = part, [2]int{i, j}
		if m.Got, m.Want = "", ""; part > 1 {
			m.Got, m.Want = number(float64(got)), number(want)
		}
	}
}

// merge takes other elements into account.
func (m *Measure) merge(o Measure) {
	units := max(m.Units, o.Units)
	if o.OfBound > m.OfBound {
		*m = o
	}
	m.Units = units
}

// ratio is 0 for no error at all, and off for what cannot be measured.
func ratio(e, of float64) float64 {
	switch {
	case e == 0:
		return 0
	case math.IsNaN(e) || of == 0:
		return off
	}
	return min(e/of, off)
}

// verdict passes what is within the bound.
func (m *Measure) verdict() Outcome {
	if m.OfBound > 1 {
		return Failed
	}
	return Passed
}
