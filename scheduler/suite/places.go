package suite

import (
	"math/rand/v2"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// place is that of an element in a batch of matrices.
type place struct{ b, i, j int }

// leastPlaces is how many are looked at however much each costs.
const leastPlaces = 64

// places returns every element if there are no more than most, else that many:
// the first, the last, and others at random, always the same.
func places(d tensor.Dims, most int) []place {
	size := d[0] * d[1] * d[2]
	list := make([]place, min(size, max(leastPlaces, most)))
	dice := rand.New(rand.NewPCG(uint64(size), 1))
	for n := range list {
		at := n
		switch {
		case len(list) == size || n == 0:
		case n == len(list)-1:
			at = size - 1
		default:
			at = dice.IntN(size)
		}
		list[n] = place{at / (d[1] * d[2]), at / d[2] % d[1], at % d[2]}
	}
	return list
}
