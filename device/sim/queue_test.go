package sim

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// ending is how a batch ended.
type ending struct {
	id     uint64
	at     time.Duration // since the log was made
	timing device.Timing
	err    error
}

// log collects endings; its channel holds them all.
type log struct {
	start time.Time
	ended chan ending
}

func newLog() *log { return &log{time.Now(), make(chan ending, 100)} }

// batch returns a batch of one product of the given columns.
func (l *log) batch(id uint64, columns int) *device.Batch {
	return &device.Batch{
		ID:     id,
		Stages: []device.Stage{{Dispatches: []device.Dispatch{{Matmul: &device.Matmul{Shape: kernels.Shape{Batch: 1, M: 4, N: columns, K: 4}}}}}},
		Done: func(b *device.Batch, timing device.Timing, err error) {
			l.ended <- ending{b.ID, time.Since(l.start), timing, err}
		},
	}
}

func open(t *testing.T, c Config) (*Device, device.Queue) {
	d := Open(c)
	q, err := d.NewQueue()
	require.NoError(t, err)
	return d, q
}

func TestZeroConfigCompletesInCommit(t *testing.T) {
	d, q := open(t, Config{})
	done := 0
	b := &device.Batch{Done: func(*device.Batch, device.Timing, error) { done++ }}
	require.Zero(t, testing.AllocsPerRun(100, func() { q.Commit(b) }))
	require.Equal(t, 101, done)
	require.EqualValues(t, 101, d.Batches())
	require.NoError(t, q.Close())
	require.NoError(t, d.Close())
}

func TestBatchesRunInOrderForTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, q := open(t, Config{Launch: time.Millisecond, PerColumn: time.Millisecond})
		l := newLog()
		q.Commit(l.batch(1, 9))
		q.Commit(l.batch(2, 1))
		require.NoError(t, q.Close())
		require.Equal(t, ending{1, 10 * time.Millisecond, device.Timing{Device: 10 * time.Millisecond}, nil}, <-l.ended)
		require.Equal(t, ending{2, 12 * time.Millisecond, device.Timing{Device: 2 * time.Millisecond}, nil}, <-l.ended)
		require.EqualValues(t, 2, d.Dispatches())
	})
}

func TestInstantBatchWaitsForThoseBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times := map[uint64]time.Duration{1: time.Second}
		_, q := open(t, Config{Time: func(b *device.Batch) time.Duration { return times[b.ID] }})
		l := newLog()
		q.Commit(l.batch(1, 1))
		q.Commit(l.batch(2, 1))
		require.Empty(t, l.ended)
		require.NoError(t, q.Close())
		require.EqualValues(t, 1, (<-l.ended).id)
		require.EqualValues(t, 2, (<-l.ended).id)
	})
}

func TestCommitFromDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := open(t, Config{Launch: time.Second})
		l := newLog()
		first := l.batch(1, 1)
		done := first.Done
		first.Done = func(b *device.Batch, timing device.Timing, err error) {
			done(b, timing, err)
			q.Commit(l.batch(2, 1))
		}
		q.Commit(first)
		<-l.ended
		require.Equal(t, 2*time.Second, (<-l.ended).at)
		require.NoError(t, q.Close())
	})
}

func TestErrors(t *testing.T) {
	boom := errors.New("boom")
	faults := map[uint64]Fault{1: Error(boom), 2: ErrorAfter(boom), 3: OutOfMemory(), 4: None()}
	want := map[uint64]error{1: boom, 2: boom, 3: device.ErrOutOfMemory, 4: nil}
	_, q := open(t, Config{Fault: func(b *device.Batch) Fault { return faults[b.ID] }})
	l := newLog()
	for id := range uint64(4) {
		q.Commit(l.batch(id+1, 1))
		e := <-l.ended
		require.ErrorIs(t, e.err, want[e.id])
	}
}

func TestPanicLeavesTheQueueUsable(t *testing.T) {
	_, q := open(t, Config{Fault: func(b *device.Batch) Fault {
		if b.ID == 1 {
			return Panic("boom")
		}
		return None()
	}})
	l := newLog()
	require.PanicsWithValue(t, "boom", func() { q.Commit(l.batch(1, 1)) })
	q.Commit(l.batch(2, 1))
	require.EqualValues(t, 2, (<-l.ended).id)
	require.NoError(t, q.Close())
}

func hangFirst(b *device.Batch) Fault {
	if b.ID == 1 {
		return Hang()
	}
	return None()
}

func TestHangUntilRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, q := open(t, Config{Launch: time.Second, Fault: hangFirst})
		l := newLog()
		q.Commit(l.batch(1, 1))
		q.Commit(l.batch(2, 1))
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Empty(t, l.ended)
		d.Release()
		require.Equal(t, ending{1, time.Hour + time.Second, device.Timing{Device: time.Second}, nil}, <-l.ended)
		require.Equal(t, time.Hour+2*time.Second, (<-l.ended).at)
		require.NoError(t, q.Close())
	})
}

func TestHangUntilClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := open(t, Config{Fault: hangFirst})
		l := newLog()
		q.Commit(l.batch(1, 1))
		q.Commit(l.batch(2, 1))
		synctest.Wait()
		require.NoError(t, q.Close())
		require.ErrorIs(t, (<-l.ended).err, device.ErrLost)
		require.ErrorIs(t, (<-l.ended).err, device.ErrLost)
	})
}

func TestReleaseBeforeTheQueueGetsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, q := open(t, Config{Launch: time.Second, Fault: func(b *device.Batch) Fault {
			if b.ID == 2 {
				return Hang()
			}
			return None()
		}})
		l := newLog()
		q.Commit(l.batch(1, 1))
		q.Commit(l.batch(2, 1))
		d.Release()
		require.NoError(t, (<-l.ended).err)
		require.NoError(t, (<-l.ended).err)
		require.NoError(t, q.Close())
	})
}

func TestProfileSharesTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := open(t, Config{Launch: 4 * time.Second})
		l := newLog()
		b := l.batch(1, 1)
		b.Profile = true
		b.Stages = append(b.Stages, b.Stages[0])
		q.Commit(b)
		require.Equal(t, []time.Duration{2 * time.Second, 2 * time.Second}, (<-l.ended).timing.Dispatches)
		require.NoError(t, q.Close())
	})
}

func TestCommitAfterClose(t *testing.T) {
	_, q := open(t, Config{})
	require.NoError(t, q.Close())
	require.ErrorIs(t, q.Close(), device.ErrClosed)
	l := newLog()
	q.Commit(l.batch(1, 1))
	require.ErrorIs(t, (<-l.ended).err, device.ErrClosed)
}

func BenchmarkCommit(b *testing.B) {
	d := Open(Config{})
	q, err := d.NewQueue()
	require.NoError(b, err)
	batch := &device.Batch{Done: func(*device.Batch, device.Timing, error) {}}
	b.ReportAllocs()
	for b.Loop() {
		q.Commit(batch)
	}
}

// A device that is lost fails what it has and all that is asked of it, but for
// Free and Close.
func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := map[uint64]Fault{2: Lost()}
		d, q := open(t, Config{Launch: time.Millisecond, Fault: func(b *device.Batch) Fault { return faults[b.ID] }})
		buf, err := d.Alloc(device.SpaceShared, 64)
		require.NoError(t, err)
		l := newLog()
		q.Commit(l.batch(1, 1))
		require.NoError(t, (<-l.ended).err)
		q.Commit(l.batch(2, 1))
		q.Commit(l.batch(3, 1))
		for range 2 {
			e := <-l.ended
			require.ErrorIs(t, e.err, device.ErrLost, "batch %d", e.id)
		}
		_, err = d.Alloc(device.SpaceShared, 64)
		require.ErrorIs(t, err, device.ErrLost)
		_, err = d.NewQueue()
		require.ErrorIs(t, err, device.ErrLost)
		_, err = d.Compile(kernels.Key{Kernel: kernels.Default[0].Name})
		require.ErrorIs(t, err, device.ErrLost)
		buf.Free()
		require.Zero(t, d.BytesInUse())
		require.NoError(t, q.Close())
		require.NoError(t, d.Close())
	})
}
