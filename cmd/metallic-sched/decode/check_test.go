package decode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A result that is off by little is found out, whatever the kind.
func TestCheckerFindsWrongValues(t *testing.T) {
	for _, k := range Kinds {
		t.Run(k.String(), func(t *testing.T) {
			s := newTestSequence(t, smallModel(), Fit{Layers: 2, Head: true}, 4)
			for s.kind != k {
				s.advance()
			}
			s.act.fill(9) // what no job has computed is zero
			s.next()
			result, reference := s.product.C, s.productAt
			if k == Softmax {
				result, reference = s.rows.Y, s.softmaxAt
			}
			d := result.Dims()
			set := func(factor float64) {
				for b := range d[0] {
					for j := range d[2] {
						want, _ := reference(b, j)
						result.SetValue(b, 0, j, float32(want*factor))
					}
				}
			}
			c := &checker{}
			set(1)
			require.NoError(t, c.check(s, 1))
			require.EqualValues(t, checkValues, c.values.Load())
			set(1.01)
			require.ErrorContains(t, c.check(s, 1), k.String()+": wrong result")
		})
	}
}

// The first result of every kind is checked, then one now and then.
func TestCheckerSamples(t *testing.T) {
	s := newTestSequence(t, smallModel(), Fit{Layers: 1}, 4)
	for s.kind != Out {
		s.advance()
	}
	s.next()
	for j := range s.product.C.Cols() {
		want, _ := s.productAt(0, j)
		s.product.C.SetValue(0, 0, j, float32(want))
	}
	c := &checker{}
	for range checkEvery {
		require.NoError(t, c.sample(s))
	}
	require.EqualValues(t, 2*checkValues, c.values.Load())
}
