package actors

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// ringRig has a device that cannot read the caller's memory.
func ringRig(t *testing.T) *rig {
	return newRig(t, sim.Config{Inner: computing(t), Discrete: true, QueueDepth: 2, Before: 10 * time.Microsecond}, func(c *Config) {
		c.MaxColumns, c.Lend = 256, true
	})
}

// Vectors that their submitters put beside the operand are multiplied there: each
// caller gets its own result, whoever else is cancelled or comes late.
func TestStagingRing(t *testing.T) {
	noLeaks(t)
	r := ringRig(t)
	o, resident := r.load(fill(128, 64, 1))
	require.Nil(t, o.staging.get())
	b := r.openRingOf(o, resident)
	require.Len(t, b.places, mostPlaces)
	var all sync.WaitGroup
	for caller := range 32 {
		js, tasks := r.products(o, resident, 20, 100*caller)
		all.Go(func() {
			for i, task := range tasks {
				r.Submit(task)
				if i%7 == 3 {
					task.End(job.Cancelled, job.ErrCancelled)
				}
				wait(task)
				if outcome, _ := task.Result(); outcome == job.Done {
					requireProduct(t, js[i], js[i].C)
				}
			}
		})
	}
	all.Wait()
	require.Positive(t, b.next.Load(), "somebody lay there")
	o.buffer.Free()
	require.NoError(t, r.close(background))
	for i := range b.places {
		require.EqualValues(t, barred, b.places[i].Load(), "place %d", i)
	}
	require.Nil(t, o.staging.get())
	require.Zero(t, r.pinned.Load())
}

// A ring that no batch has used for long goes to another operand, if there is no
// memory for both; one in use does not.
func TestStagingRingGoesToAnotherOperand(t *testing.T) {
	noLeaks(t)
	r := ringRig(t)
	first, residentFirst := r.load(fill(128, 64, 1))
	second, residentSecond := r.load(fill(128, 64, 2))
	ring := r.openRingOf(first, residentFirst)
	others := ringsBytes - int64(ring.buffer.Len())
	r.pinned.Add(others)

	r.together(second, residentSecond)
	require.Nil(t, second.staging.get(), "the other was just used")
	require.Same(t, ring, first.staging.get())

	_, tasks := r.products(second, residentSecond, ringRest+1, 0)
	for _, task := range tasks { // alone, so that they want no ring
		r.Submit(task)
		wait(task)
	}
	second.staging.rest = 0
	r.openRingOf(second, residentSecond)
	require.Nil(t, first.staging.get())
	_, ok := ring.put(fill(64, 1, 1))
	require.False(t, ok)

	r.pinned.Add(-others)
	first.staging.rest = 0
	r.openRingOf(first, residentFirst)
	first.buffer.Free()
	second.buffer.Free()
	require.NoError(t, r.close(background))
	require.Zero(t, r.pinned.Load())
}

// Memory of rings that nobody uses is there for a batch that finds none.
func TestStagingRingMakesRoom(t *testing.T) {
	r := newRig(t, sim.Config{Inner: computing(t), Discrete: true, AllocLimit: 6 << 20}, func(c *Config) { c.MaxColumns = 256 })
	o, resident := r.load(fill(64, 1024, 1))
	r.openRingOf(o, resident)
	j := product(fill(900, 600, 1), 32, 1) // its operands are staged
	ts := r.submit(j)
	wait(ts...)
	requireDone(t, ts...)
	requireProduct(t, j, tensor.View{})
	require.Nil(t, o.staging.get())
	o.buffer.Free()
	require.NoError(t, r.close(background))
}

// A vector that is being written, perhaps from memory that is slow, keeps neither the
// actors from another device nor jobs from running there; the one before has its
// memory back, and is retired, when that is over.
func TestStagingRingIsWrittenDuringARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		retired, second := make(chan struct{}), discrete(t, nil)
		second.Retire = func() { close(retired) }
		r := newRig(t, sim.Config{Inner: computing(t), Discrete: true}, func(c *Config) {
			c.MaxColumns = 256
			c.Reopen = func() (*Home, error) { return second, nil }
		})
		o, resident := r.load(fill(128, 64, 1))
		ring := r.openRingOf(o, resident)
		at := write(t, ring)
		r.at(func() { r.desk.fall(device.ErrLost, true) })
		j := product(fill(16, 16, 1), 4, 1)
		ts := r.submit(j)
		wait(ts...)
		requireDone(t, ts...)
		requireProduct(t, j, tensor.View{})
		require.EqualValues(t, ring.buffer.Len()+o.buffer.Len(), r.sim.BytesInUse())
		synctest.Wait()
		select {
		case <-retired:
			t.Error("the ring is still written")
		default:
		}
		ring.wrote(at, -writing-1)
		<-retired
		require.EqualValues(t, o.buffer.Len(), r.sim.BytesInUse())
		require.Zero(t, r.pinned.Load())
		o.buffer.Free()
		require.NoError(t, r.close(background))
	})
}

// The engine closes when a vector has been written whose job ended before.
func TestStagingRingIsWrittenDuringClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{Inner: computing(t), Discrete: true}, func(c *Config) { c.MaxColumns = 256 })
		o, resident := r.load(fill(128, 64, 1))
		ring := r.openRingOf(o, resident)
		at := write(t, ring)
		o.buffer.Free()
		closed := make(chan error, 1)
		go func() { closed <- r.close(background) }()
		synctest.Wait() // a processor that spins would never come to rest
		require.Empty(t, closed)
		ring.wrote(at, -writing-1)
		require.NoError(t, <-closed)
	})
}

// write begins to write a place of a ring.
func write(t *testing.T, r *ring) int {
	for i := range r.places {
		if r.places[i].CompareAndSwap(0, writing+1) {
			return i
		}
	}
	t.Fatal("no place is free")
	return 0
}

// products returns n jobs on an operand, with their tasks.
func (r *rig) products(o *operand, resident tensor.View, n, seed int) (js []*job.Matmul, tasks []*Task) {
	for i := range n {
		js = append(js, product(resident, 1, seed+i))
		tasks = append(tasks, o.use(r.task(js[i])))
	}
	return js, tasks
}

// openRingOf has a batch of many open the ring.
func (r *rig) openRingOf(o *operand, resident tensor.View) *ring {
	r.together(o, resident)
	require.NotNil(r.t, o.staging.get())
	return o.staging.get()
}

// together has a batch of jobs that are each submitted alone.
func (r *rig) together(o *operand, resident tensor.View) {
	_, tasks := r.products(o, resident, 2*ringJobs, 0)
	for _, task := range tasks {
		task.single = true
	}
	r.SubmitAll(tasks) // so that they meet in a batch
	wait(tasks...)
}
