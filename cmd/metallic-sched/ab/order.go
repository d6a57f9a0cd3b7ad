package ab

import "math/rand/v2"

// order tells which side of each pair runs first: a fair coin of a seed. The
// coins are independent, which all that is concluded rests on; blocks with as
// many of one order as of the other would not be.
type order struct{ coin *rand.Rand }

func newOrder(seed uint64) order { return order{rand.New(rand.NewPCG(seed, 0xab))} }

func (o order) next() Side { return Side(o.coin.Uint64() >> 63) }
