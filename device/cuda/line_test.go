//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// slow is a worker without a GPU: each part of a batch takes a second.
type slow struct {
	gathering, most  atomic.Int32 // batches that gather at a time
	started, ended   []uint64
	starting, ending atomic.Bool
	released         bool
	fails            uint64 // the ID of a batch that does, 0 for none
}

var errFails = errors.New("no")

func (s *slow) gather(*task) {
	if n := s.gathering.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	time.Sleep(time.Second)
	s.gathering.Add(-1)
}

func (s *slow) start(t *task) {
	if s.starting.Swap(true) {
		panic("two start at a time")
	}
	s.started = append(s.started, t.batch.ID)
	time.Sleep(time.Second)
	s.starting.Store(false)
}

func (s *slow) finish(t *task) device.Timing {
	if s.ending.Swap(true) {
		panic("two end at a time")
	}
	s.ended = append(s.ended, t.batch.ID)
	time.Sleep(time.Second)
	s.ending.Store(false)
	if t.batch.ID == s.fails {
		t.err = errFails
	}
	return device.Timing{Device: time.Duration(t.batch.ID)}
}

func (s *slow) release() { s.released = true }

// commit commits batches with the IDs 1 to n, each with these stages, and
// returns the IDs in the order of their ends, and the errors.
func commit(l *line, n int, stages ...device.Stage) (ids []uint64, errs []error) {
	var all sync.WaitGroup
	all.Add(n)
	for id := range uint64(n) {
		l.Commit(&device.Batch{ID: id + 1, Stages: stages, Done: func(b *device.Batch, timing device.Timing, err error) {
			if timing.Device != time.Duration(b.ID) {
				panic("the times of another batch")
			}
			ids, errs = append(ids, b.ID), append(errs, err) // the race detector looks on
			all.Done()
		}})
	}
	all.Wait()
	return ids, errs
}

func TestLineKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const batches = 3 * carriers
		s := &slow{fails: 5}
		l := newLine(s)
		start := time.Now()
		ids, errs := commit(l, batches)
		require.EqualValues(t, carriers, s.most.Load(), "batches that share nothing gather together")
		require.Less(t, time.Since(start), 2*batches*time.Second, "one starts while another ends")
		for i, id := range ids {
			require.EqualValues(t, i+1, id)
			if id == s.fails {
				require.ErrorIs(t, errs[i], errFails)
			} else {
				require.NoError(t, errs[i], "what one batch did is not the next one's")
			}
		}
		require.Equal(t, ids, s.started)
		require.Equal(t, ids, s.ended)
		require.NoError(t, l.Close())
	})
}

// Batches with the same pinned memory do not meet.
func TestLineWaitsForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		l := newLine(s)
		shared := part(fake(device.SpaceShared, 64), tensor.Dims{1, 1, 16}, tensor.Dims{16, 16, 1}, 0)
		caller := device.Host(tensor.Matrix(make([]float32, 16), 1, 16))
		bring := device.Stage{Copies: []device.Copy{{Dst: shared, Src: caller}}}
		start := time.Now()
		ids, _ := commit(l, 3, bring, device.Stage{})
		require.Equal(t, []uint64{1, 2, 3}, ids)
		require.EqualValues(t, 1, s.most.Load())
		require.Equal(t, 9*time.Second, time.Since(start), "one after another")
		require.NoError(t, l.Close())
	})
}

func TestLineClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		l := newLine(s)
		ended := 0
		for range 2 * carriers {
			l.Commit(&device.Batch{Done: func(*device.Batch, device.Timing, error) { ended++ }})
		}
		require.NoError(t, l.Close())
		require.Equal(t, 2*carriers, ended, "it waits for what was committed")
		require.True(t, s.released)
		_, err := device.AwaitBatch(l, &device.Batch{})
		require.ErrorIs(t, err, device.ErrClosed)
		require.ErrorIs(t, l.Close(), device.ErrClosed)
	})
}

// gatherer is a worker that copies as a queue does, and has no GPU.
type gatherer struct {
	quick
	queue *queue
}

func (g gatherer) gather(t *task) { g.queue.gather(t) }

// Memory that is not there is an error of the batch whose it is.
func TestLineFaults(t *testing.T) {
	d := &Device{memory: newMemory(nil)}
	l := newLine(gatherer{queue: &queue{device: d}})
	to := fake(device.SpaceShared, 4096)
	to.memory = d.memory
	file, err := os.Create(filepath.Join(t.TempDir(), "x"))
	require.NoError(t, err)
	require.NoError(t, file.Truncate(4096))
	mapped, err := syscall.Mmap(int(file.Fd()), 0, 4096, syscall.PROT_READ, syscall.MAP_SHARED)
	require.NoError(t, err)
	defer func() { require.NoError(t, syscall.Munmap(mapped)) }()
	bring := device.Stage{Copies: []device.Copy{{
		Dst: part(to, tensor.Dims{1, 1, 1024}, tensor.Dims{1024, 1024, 1}, 0),
		Src: device.Host(tensor.Bytes(mapped, tensor.F32, 1, 1, 1024)),
	}}}
	_, err = device.Await(l, bring, device.Stage{})
	require.NoError(t, err)
	require.NoError(t, file.Truncate(0))
	_, err = device.Await(l, bring, device.Stage{})
	var failed *device.KernelError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, copyKernel, failed.Kernel)
	var gone *device.MemoryError
	require.ErrorAs(t, err, &gone)
	require.NoError(t, file.Truncate(4096))
	require.NoError(t, file.Close())
	_, err = device.Await(l, bring, device.Stage{})
	require.NoError(t, err, "the next batch is none the worse")
	require.NoError(t, l.Close())
}

// So is memory to which results cannot go.
func TestLandingFaults(t *testing.T) {
	mapped := devicetest.Mapped(t, 4096, unix.PROT_READ)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // as a carrier
	own := tensor.Matrix(make([]float32, 1024), 1, 1024)
	landed := tensor.Matrix(make([]float32, 1024), 1, 1024)
	own.SetValue(0, 0, 0, 7)
	read := task{landing: []landing{{to: landed, from: own}, {to: tensor.Bytes(mapped, tensor.F32, 1, 1, 1024), from: own}}}
	err := read.land()
	var failed *device.KernelError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, copyKernel, failed.Kernel)
	var gone *device.MemoryError
	require.ErrorAs(t, err, &gone)
	require.EqualValues(t, 7, landed.Value(0, 0, 0))
}

// quick is a worker that does nothing.
type quick struct{}

func (quick) gather(*task)                   {}
func (quick) start(*task)                    {}
func (quick) finish(*task) (t device.Timing) { return t }
func (quick) release()                       {}

func TestLineDoesNotAllocate(t *testing.T) {
	l := newLine(quick{})
	shared := part(fake(device.SpaceShared, 64), tensor.Dims{1, 1, 16}, tensor.Dims{16, 16, 1}, 0)
	caller := device.Host(tensor.Matrix(make([]float32, 16), 1, 16))
	done := make(chan struct{})
	b := &device.Batch{
		Stages: []device.Stage{{Copies: []device.Copy{{Dst: shared, Src: caller}, {Dst: shared, Src: caller}}}, {}},
		Done:   func(*device.Batch, device.Timing, error) { done <- struct{}{} },
	}
	run := func() {
		l.Commit(b)
		<-done
	}
	for range carriers {
		run()
	}
	require.Zero(t, testing.AllocsPerRun(100, run))
	require.NoError(t, l.Close())
}

// TestLineTellsWhatHasBegun: when the host has done its part, before the GPU has.
func TestLineTellsWhatHasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(&slow{})
		start := time.Now()
		begun := make(chan time.Duration, 2)
		ended := make(chan time.Duration, 2)
		for id := range uint64(2) {
			l.Commit(&device.Batch{
				ID:    id,
				Begun: func(*device.Batch) { begun <- time.Since(start) },
				Done:  func(*device.Batch, device.Timing, error) { ended <- time.Since(start) },
			})
		}
		require.NoError(t, l.Close())
		for i := range 2 {
			require.Equal(t, time.Duration(2+i)*time.Second, <-begun)
			require.Equal(t, time.Duration(3+i)*time.Second, <-ended)
		}
	})
}
