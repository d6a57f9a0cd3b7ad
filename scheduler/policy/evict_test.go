package policy_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func TestEvict(t *testing.T) {
	idle := func(d time.Duration) policy.Copy { return policy.Copy{Bytes: 100, Idle: d} }
	used, twice, fresh := idle(time.Hour), idle(time.Millisecond), idle(time.Hour)
	used.InUse, twice.Another, fresh.Fresh = true, true, true
	copies := []policy.Copy{idle(2 * time.Second), used, idle(3 * time.Second), twice, idle(time.Microsecond), fresh}
	for name, c := range map[string]struct {
		need  int64
		claim policy.Claim
		want  []int // nil: there is no way
	}{
		"nothing":                   {0, policy.ClaimIdle, []int{}},
		"one that is elsewhere":     {1, policy.ClaimIdle, []int{3}},
		"then the longest idle":     {250, policy.ClaimIdle, []int{3, 2, 0}},
		"all but what is in use":    {400, policy.ClaimIdle, []int{3, 2, 0, 4}},
		"too much":                  {401, policy.ClaimIdle, nil},
		"in use last of all":        {401, policy.ClaimAny, []int{3, 2, 0, 4, 1}},
		"never one that came now":   {501, policy.ClaimAny, nil},
		"spare: long idle alone":    {150, policy.ClaimSpare, []int{2, 0}},
		"spare: not what is wanted": {201, policy.ClaimSpare, nil},
	} {
		got, ok := policy.Evict(copies, c.need, c.claim)
		require.Equal(t, c.want != nil, ok, name)
		require.ElementsMatch(t, c.want, got, name)
		if len(c.want) > 0 {
			require.Equal(t, c.want, got, name)
		}
	}
}

func TestFresh(t *testing.T) {
	require.True(t, policy.Fresh(0, 0))
	require.False(t, policy.Fresh(time.Millisecond, 0))
	require.True(t, policy.Fresh(39*time.Millisecond, 10*time.Millisecond))
	require.False(t, policy.Fresh(40*time.Millisecond, 10*time.Millisecond))
}

// Nothing fresh is given up, nothing in use but for a job that waits, what is
// given up is enough, and one less would not be.
func TestEvictProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 5_000 {
		copies := make([]policy.Copy, r.IntN(10))
		claim := policy.Claim(r.IntN(3))
		able := int64(0)
		for i := range copies {
			copies[i] = policy.Copy{
				Bytes: 1 + r.Int64N(100), InUse: r.IntN(3) == 0, Another: r.IntN(3) == 0, Fresh: r.IntN(4) == 0,
				Idle: time.Duration(r.IntN(2000)) * time.Millisecond,
			}
			c := &copies[i]
			if !c.Fresh && (claim == policy.ClaimAny || !c.InUse) && (claim != policy.ClaimSpare || c.Idle >= policy.IdleCopy) {
				able += c.Bytes
			}
		}
		need := r.Int64N(300)
		victims, ok := policy.Evict(copies, need, claim)
		require.Equal(t, need <= able, ok)
		sum, last := int64(0), int64(0)
		for _, i := range victims {
			require.False(t, copies[i].Fresh)
			require.True(t, claim == policy.ClaimAny || !copies[i].InUse)
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
