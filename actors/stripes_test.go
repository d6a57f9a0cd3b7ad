package actors

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever is appointed takes one stripe, any of them; together they get
// everything, once.
func TestStripesLeaveNothingBehind(t *testing.T) {
	const senders, each = 8, 3000
	for _, n := range []int{1, 2, 3, 8} {
		s := newStripes(n)
		var taker sync.Mutex // as the loop's ownership
		seen := make(map[*Task]int, senders*each)
		var all sync.WaitGroup
		for range senders {
			all.Go(func() {
				for range each {
					task := &Task{}
					if !s.put(task, task) {
						continue
					}
					taker.Lock()
					for got := s.take(); got != nil; got = got.next {
						seen[got]++
					}
					taker.Unlock()
				}
			})
		}
		all.Wait()
		require.Len(t, seen, senders*each, "%d stripes", n)
		for _, times := range seen {
			require.Equal(t, 1, times)
		}
		require.Nil(t, s.take())
	}
}

// Two processors that met on one stripe move apart.
func TestStripesMoveApart(t *testing.T) {
	s := newStripes(2)
	seats := []*seat{{}, {}} // both on stripe 0
	for i := range 8 {
		s.choose(seats[i%2])
	}
	require.NotEqual(t, seats[0].stripe.Load(), seats[1].stripe.Load())
}

func TestStripesPreferTheirOwn(t *testing.T) {
	s := newStripes(4)
	far, near := &Task{}, &Task{}
	for i := range s.all {
		s.all[i].put(far, far)
		s.all[i].take()
	}
	mine := s.seat.Get().(*seat)
	own, other := int(mine.stripe.Load()), int(mine.stripe.Load()+1)%len(s.all)
	s.all[other].put(far, far)
	s.all[own].put(near, near)
	require.Same(t, near, s.takeFrom(own))
	require.Same(t, far, s.takeFrom(own))
	require.Nil(t, s.takeFrom(own))
}
