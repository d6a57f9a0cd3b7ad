package policy_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func TestEvict(t *testing.T) {
	idle := func(bytes int64, d time.Duration) policy.Copy { return policy.Copy{Bytes: bytes, Idle: d} }
	used, twice := idle(100, time.Hour), idle(100, time.Millisecond)
	used.InUse, twice.Another = true, true
	copies := []policy.Copy{idle(100, 2*time.Second), used, idle(100, 3*time.Second), twice, idle(100, time.Microsecond)}
	for name, c := range map[string]struct {
		need  int64
		spare bool
		want  []int // nil: there is no way
	}{
		"nothing":                  {0, false, []int{}},
		"one that is elsewhere":    {1, false, []int{3}},
		"then the longest idle":    {250, false, []int{3, 2, 0}},
		"all but what is in use":   {400, false, []int{3, 2, 0, 4}},
		"too much":                 {401, false, nil},
		"spare: long idle alone":   {150, true, []int{2, 0}},
		"spare: not what is asked": {201, true, nil},
	} {
		got, ok := policy.Evict(copies, c.need, c.spare)
		require.Equal(t, c.want != nil, ok, name)
		require.ElementsMatch(t, c.want, got, name)
		if len(c.want) > 0 {
			require.Equal(t, c.want, got, name)
		}
	}
}

// Nothing in use is given up, what is given up is enough, and one less would
// not be.
func TestEvictProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 5_000 {
		copies := make([]policy.Copy, r.IntN(10))
		able := int64(0)
		spare := r.IntN(2) == 0
		for i := range copies {
			copies[i] = policy.Copy{
				Bytes: 1 + r.Int64N(100), InUse: r.IntN(3) == 0, Another: r.IntN(3) == 0,
				Idle: time.Duration(r.IntN(2000)) * time.Millisecond,
			}
			if !copies[i].InUse && (!spare || copies[i].Idle >= policy.IdleCopy) {
				able += copies[i].Bytes
			}
		}
		need := r.Int64N(300)
		victims, ok := policy.Evict(copies, need, spare)
		require.Equal(t, need <= able, ok)
		sum, last := int64(0), int64(0)
		for _, i := range victims {
			require.False(t, copies[i].InUse)
			last = copies[i].Bytes
			sum += last
		}
		if ok {
			require.GreaterOrEqual(t, sum, need)
			require.True(t, len(victims) == 0 || sum-last < need)
		} else {
			require.Empty(t, victims)
		}
	}
}
