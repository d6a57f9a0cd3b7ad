package server

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// The heap names a book of the sharer that a plain count finds to keep most, and of
// that sharer the one that keeps most.
func TestPayerKeepsMost(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	kept := newKeeping(50)
	var books []*book
	for i := range 12 {
		books = append(books, newBook(&Limits{}, sharer{tenant: fmt.Sprint(i % 4)}, kept))
	}
	for range 1000 {
		b := books[random.IntN(len(books))]
		n := random.Int64N(20)
		if random.IntN(2) == 0 {
			n = -min(n, b.keeps.bytes)
		}
		kept.add(b, n)
		all, sharers := int64(0), map[sharer]int64{}
		for _, b := range books {
			all += b.keeps.bytes
			sharers[b.owner] += b.keeps.bytes
		}
		p := kept.payer()
		require.Equal(t, all, kept.load())
		require.Equal(t, all > kept.most, p != nil)
		if p == nil {
			continue
		}
		for _, b := range books {
			require.LessOrEqual(t, sharers[b.owner], sharers[p.owner])
			if b.owner == p.owner {
				require.LessOrEqual(t, b.keeps.bytes, p.keeps.bytes)
			}
		}
	}
}

// Books that pay for one another wait for nobody, and what is kept is what is counted.
func TestKeepingAtOnce(t *testing.T) {
	kept := newKeeping(1000)
	var books []*book
	var all sync.WaitGroup
	for i := range 8 {
		b := newBook(&Limits{KeptJobs: 20}, sharer{tenant: fmt.Sprint(i / 2)}, kept)
		books = append(books, b)
		all.Go(func() {
			var h heard
			for id := uint64(1); id <= 200; id++ {
				end(life(opened(b, id, false, visit{listener: &h}), 20*i))
				b.forget(id / 2)
			}
		})
	}
	all.Wait()
	sum := int64(0)
	for _, b := range books {
		for _, e := range b.ended[b.head:] {
			sum += int64(len(e.answer.data))
		}
	}
	require.Equal(t, sum, kept.load())
	require.LessOrEqual(t, sum, kept.most)
}

// Sessions whose owners have no name do not pay together for one who keeps more than any
// of them; those that nobody can come back to pay for one another.
func TestNamelessSessionsKeepForThemselves(t *testing.T) {
	s := &Server{kept: newKeeping(20*8 + 100)}
	s.cfg.Limits.KeptJobs = 100
	var h heard
	put := func(b *book, id uint64, n int) { end(life(opened(b, id, false, visit{listener: &h}), n)) }
	lost := func(b *book, id uint64) bool {
		h = nil
		require.Nil(t, opened(b, id, true, visit{listener: &h}))
		if h[0].err != nil {
			require.ErrorIs(t, h[0].err, job.ErrOutcomeUnknown)
		}
		return h[0].err != nil
	}
	hoarder := s.newSession("of one who keeps much", "hoarder")
	for id := uint64(1); id <= 10; id++ {
		put(hoarder.book, id, 10)
	}
	var modest []*session
	for i := range 21 {
		x := s.newSession(fmt.Sprintf("session number %2d", i), "")
		modest = append(modest, x)
		put(x.book, 1, 8)
	}
	require.True(t, lost(hoarder.book, 1))
	for _, x := range modest {
		require.False(t, lost(x.book, 1), x.name)
	}
	require.False(t, lost(hoarder.book, 2))

	for range 30 {
		b, err := jobService{s}.bookFor(s.newSession("", ""), []*pb.Job{{}})
		require.NoError(t, err)
		put(b, 1, 7)
	}
	for _, x := range modest {
		require.False(t, lost(x.book, 1), x.name)
	}
	require.LessOrEqual(t, s.kept.load(), s.kept.most)
	b, err := jobService{s}.bookFor(modest[0], []*pb.Job{{}})
	require.NoError(t, err)
	require.Equal(t, modest[0].book.owner, b.owner, "a call in a session is the session's")
}
