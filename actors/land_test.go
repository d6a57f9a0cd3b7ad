package actors

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Results reach their callers, whoever brings them, and every job ends once,
// also those that are cancelled meanwhile.
func TestLandingByMany(t *testing.T) {
	noLeaks(t)
	if runtime.GOMAXPROCS(0) < 3 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	}
	r := newRig(t, sim.Config{Inner: computing(t), Discrete: true, QueueDepth: 2, Before: 10 * time.Microsecond}, func(c *Config) {
		c.MaxColumns, c.Lend = 256, true
	})
	require.Positive(t, cap(r.landers))
	w := fill(128, 4, 1)
	o, resident := r.load(w)
	var cancelled atomic.Int64
	for range 6 {
		var tasks []*Task
		var jobs []*job.Matmul
		for i := range 100 {
			jobs = append(jobs, product(resident, 1, i))
			tasks = append(tasks, o.use(r.task(jobs[i])))
		}
		r.SubmitAll(tasks)
		var all sync.WaitGroup
		all.Go(func() {
			for i := 0; i < len(tasks); i += 7 {
				if tasks[i].End(job.Cancelled, job.ErrCancelled) {
					cancelled.Add(1)
				}
				runtime.Gosched()
			}
		})
		wait(tasks...)
		all.Wait()
		for i, task := range tasks {
			if outcome, _ := task.Result(); outcome == job.Done {
				requireProduct(t, jobs[i], jobs[i].C)
			}
		}
	}
	o.buffer.Free()
	require.EqualValues(t, 600, r.Ledger.Audit().Done+cancelled.Load())
}

// A large result is worth help, wherever in the batch it is.
func TestLandingOfALargeResult(t *testing.T) {
	r := newRig(t, sim.Config{}, nil)
	r.landers = make(chan *landing, 1)
	w := fill(1024, 2, 1)
	narrow, wide := r.task(product(w, 1, 1)), r.task(product(w, 2048, 2))
	var each []int
	for _, ts := range [][]*Task{{narrow, wide}, {wide, narrow}, {narrow, narrow}} {
		b := r.newBatch()
		for _, task := range ts {
			b.parts = append(b.parts, part{task: task, u1: task.Units})
		}
		b.count()
		each = append(each, b.landsBy())
	}
	r.landers, r.refs = nil, nil
	narrow.End(job.Cancelled, job.ErrCancelled)
	wide.End(job.Cancelled, job.ErrCancelled)
	require.Equal(t, []int{1, 1, 0}, each)
}

// Whoever is asked to help and comes too late touches nothing, as the batch is
// another one by then.
func TestLandingTooLate(t *testing.T) {
	r := newRig(t, sim.Config{}, nil)
	l := &landing{pieces: 3}
	l.taken.Store(3)
	l.onlookers.Store(2)
	l.help()
	require.EqualValues(t, 1, l.onlookers.Load())
	r.landers = make(chan *landing) // all are busy
	b := r.newBatch()
	l = &landing{batch: b, each: 1, pieces: 3}
	l.invite()
	require.EqualValues(t, 1, l.onlookers.Load(), "whoever asks does it alone")
	r.landers = nil
}

// One batch at a time is a wish for less waiting: the device computes apart from
// the processors all the same, which bring home what is large.
func TestLandingWithOneBatchAtATime(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	for most, helped := range map[int]bool{1: false, 3: true} {
		r := newRig(t, sim.Config{QueueDepth: most}, func(c *Config) { c.QueueDepth, c.Lend = 1, true })
		require.Equal(t, 1, r.info.QueueDepth)
		require.Equal(t, helped, cap(r.landers) > 0, "a device for %d", most)
		if d := r.dispatchers[kernels.OpMatmul][0]; helped {
			require.Len(t, d.shard.all, 1, "who submits does not wait")
		}
	}
}
