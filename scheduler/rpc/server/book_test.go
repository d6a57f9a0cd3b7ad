package server

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// heard collects answers.
type heard []answer

func (h *heard) tell(a answer) { *h = append(*h, a) }

// shelf is a book with small limits.
func shelf() *book {
	return newBook(&Limits{KeptJobs: 3}, sharer{}, newKeeping(100))
}

// opened is the entry of one job.
func opened(b *book, id uint64, retry bool, v visit) *entry {
	return b.open([]*pb.Job{{Id: id, Retry: retry}}, v, nil)[0]
}

// life runs an entry as the scheduler would.
func life(e *entry, result int) *job.Life {
	l := &job.Life{}
	l.Init(job.Lease{}, nil)
	e.run(job.HandleOf(l), &wire.Work{Result: make([]byte, result)})
	return l
}

func end(l *job.Life) { l.End(job.Done, nil) }

func TestBookAnswersAgain(t *testing.T) {
	var first, second heard
	b := shelf()
	e := opened(b, 1, false, visit{listener: &first})
	require.NotNil(t, e)
	l := life(e, 10)
	require.Nil(t, opened(b, 1, true, visit{listener: &second})) // it runs: wait for it
	require.Empty(t, second)
	end(l)
	require.Empty(t, first)
	require.Len(t, second, 1)
	require.Nil(t, opened(b, 1, true, visit{listener: &first})) // it is done
	require.Len(t, first[0].data, 10)
	require.Equal(t, int64(10), b.kept.load())

	b.forget(1)
	require.Zero(t, b.kept.load())
	require.Empty(t, b.entries)
	require.Nil(t, opened(b, 1, false, visit{listener: &first})) // never again
	require.ErrorIs(t, first[1].err, job.ErrOutcomeUnknown)
}

// A refused job may be tried again by the same id.
func TestBookForgetsTheRefused(t *testing.T) {
	var h heard
	b := shelf()
	opened(b, 5, false, visit{listener: &h}).refuse(job.ErrQueueFull)
	require.ErrorIs(t, h[0].err, job.ErrQueueFull)
	require.NotNil(t, opened(b, 5, false, visit{listener: &h}))
}

// slow is told slowly, so that others who want the book get it as soon as they can.
type slow struct {
	heard
	begun chan struct{} // closed when it is told first
}

func (s *slow) tell(a answer) {
	if len(s.heard) == 0 {
		close(s.begun)
	}
	for range 10_000 {
		runtime.Gosched()
	}
	s.heard.tell(a)
}

// A group that is sent again while it is refused is found whole or not at all.
func TestBookRefusesAGroupAtOnce(t *testing.T) {
	group := make([]*pb.Job, 16)
	for i := range group {
		group[i] = &pb.Job{Id: uint64(i + 1), Retry: true}
	}
	s, b := slow{begun: make(chan struct{})}, shelf()
	entries, refused := b.open(group, visit{listener: &s}, nil), make(chan struct{})
	go func() {
		b.refuse(job.ErrQueueFull, entries...)
		close(refused)
	}()
	<-s.begun
	again := b.open(group, visit{listener: &s}, nil)
	<-refused
	for _, e := range again {
		require.Equal(t, again[0] == nil, e == nil)
	}
	require.Len(t, s.heard, len(group))
}

// A job that is refused when the stream that asked for it last is gone, too, is told
// nobody, and may be tried again.
func TestBookRefusesWhereNobodyListens(t *testing.T) {
	var first, second, third heard
	b := shelf()
	e := opened(b, 1, false, visit{epoch: b.begin(), listener: &first})
	require.Nil(t, opened(b, 1, true, visit{epoch: b.begin(), listener: &second})) // sent again while it is taken
	b.leave(&second)
	e.refuse(job.ErrQueueFull)
	require.Empty(t, first)
	require.Empty(t, second)
	require.NotNil(t, opened(b, 1, true, visit{epoch: b.begin(), listener: &third}))
}

// The limits hold, and what they cost is an error, never a second run.
func TestBookIsBounded(t *testing.T) {
	var h heard
	b := shelf()
	for id := uint64(1); id <= 10; id++ {
		end(life(opened(b, id, false, visit{listener: &h}), 60))
		require.LessOrEqual(t, b.kept.load(), int64(100))
		require.LessOrEqual(t, len(b.entries), 3)
	}
	require.Len(t, h, 10)
	for id := uint64(1); id <= 9; id++ {
		h = nil
		require.Nil(t, opened(b, id, true, visit{listener: &h}), "%d", id)
		require.ErrorIs(t, h[0].err, job.ErrOutcomeUnknown)
	}
	h = nil
	require.Nil(t, opened(b, 10, true, visit{listener: &h}))
	require.NoError(t, h[0].err)

	b.expire(time.Now().Add(time.Hour))
	require.Empty(t, b.entries)
	require.Zero(t, b.kept.load())
}

// Who keeps most pays, whoever comes: another tenant's result stays, and so does
// another session's of the same.
func TestBookPaysForItself(t *testing.T) {
	var h heard
	limits, kept := &Limits{KeptJobs: 1000}, newKeeping(100)
	has := func(b *book, id uint64) error {
		h = nil
		require.Nil(t, opened(b, id, true, visit{listener: &h}))
		return h[0].err
	}
	put := func(b *book, id uint64, n int) { end(life(opened(b, id, false, visit{listener: &h}), n)) }
	alice, other, bob := newBook(limits, sharer{tenant: "alice"}, kept), newBook(limits, sharer{tenant: "alice"}, kept), newBook(limits, sharer{tenant: "bob"}, kept)
	for id := uint64(1); id <= 10; id++ {
		put(alice, id, 10)
	}
	put(bob, 1, 4)
	require.NoError(t, has(bob, 1))
	require.ErrorIs(t, has(alice, 1), job.ErrOutcomeUnknown)
	require.NoError(t, has(alice, 2))
	put(other, 1, 5)
	put(other, 2, 6)
	require.NoError(t, has(other, 1))
	require.ErrorIs(t, has(alice, 2), job.ErrOutcomeUnknown)

	put(bob, 2, 50)
	put(bob, 3, 50) // it is bob who keeps most now
	require.ErrorIs(t, has(bob, 1), job.ErrOutcomeUnknown)
	require.ErrorIs(t, has(bob, 2), job.ErrOutcomeUnknown)
	require.NoError(t, has(bob, 3))
	require.LessOrEqual(t, kept.load(), int64(100))
	for _, b := range []*book{alice, other, bob} {
		b.close(job.ErrCancelled)
	}
	require.Zero(t, kept.load())
	require.Empty(t, kept.by)
	require.Empty(t, kept.ranks)
}

// What comes late by an older stream is left alone: it may have been forgotten.
func TestBookKnowsOldStreams(t *testing.T) {
	var h heard
	b := shelf()
	old := visit{epoch: b.begin(), listener: &h}
	now := visit{epoch: b.begin(), listener: &h}
	end(life(opened(b, 1, true, now), 1))
	b.forget(1)
	require.Nil(t, opened(b, 1, false, old))
	require.Nil(t, opened(b, 2, false, old))
	require.NotNil(t, opened(b, 2, false, now))
}

func TestBookCancels(t *testing.T) {
	var h heard
	b := shelf()
	l1, l2 := life(opened(b, 1, false, visit{listener: &h}), 60), life(opened(b, 2, false, visit{listener: &h}), 60)
	b.cancel([]uint64{1, 77})
	require.ErrorIs(t, h[0].err, job.ErrCancelled)
	require.True(t, l1.Ended())
	require.False(t, l2.Ended())
	require.Equal(t, 1, b.leave(&h))
	because := errors.New("gone")
	b.close(because)
	_, err := l2.Result()
	require.ErrorIs(t, err, because)
	require.Len(t, h, 1) // nobody was there any more
	require.Zero(t, b.kept.load())
}
