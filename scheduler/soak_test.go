package scheduler_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

var soakTime = flag.Duration("soak.time", 2*time.Second, "how long TestSoak runs; from 1m on it holds memory and lateness to bounds")

// lateBound is how long after its deadline a job may be answered, on a machine
// whose processors are all at work.
const lateBound = 250 * time.Millisecond

// TestSoak keeps a device on the real clock full while batches fail, hang, run
// out of memory and panic, actors are restarted and callers give up. The books
// must balance; in a long run memory must not grow, and no job may be answered
// much after its deadline.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	memory := s.run(*soakTime)
	a := s.Audit()
	t.Logf("%v: %+v; %d faults; answered at most %v after a deadline; resident MiB, in tenths of the run: %v",
		*soakTime, a, s.faults.Load(), time.Duration(s.latest.Load()), memory)
	require.True(t, a.Balances() && a.InFlight == 0 && a.Bytes == 0, "%+v", a)
	require.Positive(t, a.Done)
	require.Positive(t, a.Expired)
	if *soakTime < time.Minute || len(memory) < 10 {
		return
	}
	require.Less(t, time.Duration(s.latest.Load()), lateBound)
	require.Less(t, memory[9], memory[2]*5/4+16, "memory grows: %v", memory)
}

type soak struct {
	*scheduler.Scheduler
	t       *testing.T
	device  *sim.Device
	weights []*scheduler.Operand
	faults  atomic.Int64
	latest  atomic.Int64 // nanoseconds from a deadline to the answer
	over    atomic.Bool
}

func newSoak(t *testing.T) *soak {
	k := &soak{t: t}
	k.device = sim.Open(sim.Config{Launch: 50 * time.Microsecond, PerColumn: 2 * time.Microsecond, Fault: k.fault})
	cfg := scheduler.WithFault(scheduler.Config{
		Device: k.device, HangAfter: 50 * time.Millisecond, Limits: job.Limits{Jobs: 400, TenantJobs: 150},
		Quarantine: policy.QuarantineTuning{Failures: -1}, Weights: map[string]float64{"a": 2},
	}, func(string) {
		if rand.IntN(20_000) == 0 {
			panic(errInjected)
		}
	})
	k.Scheduler = start(t, cfg)
	for i := range 5 {
		w, err := k.Load(tensor.Matrix(make([]float32, 64*(16+i)), 16+i, 64))
		require.NoError(t, err)
		k.weights = append(k.weights, w)
	}
	return k
}

func (k *soak) fault(*device.Batch) sim.Fault {
	n := rand.IntN(4000)
	if n < 60 {
		k.faults.Add(1)
	}
	switch {
	case n == 0:
		return sim.Hang()
	case n < 5:
		return sim.Panic(errInjected)
	case n < 20:
		return sim.OutOfMemory()
	case n < 60:
		return sim.Error(errInjected)
	}
	return sim.None()
}

// run keeps 64 callers busy and returns the resident memory in MiB in each
// tenth of the time.
func (k *soak) run(d time.Duration) (memory []int) {
	var callers, others sync.WaitGroup
	stop := make(chan struct{})
	for i := range 64 {
		callers.Go(func() { k.call(rand.New(rand.NewPCG(uint64(i), 1))) })
	}
	others.Go(func() { k.releases(stop) })
	for range 10 {
		time.Sleep(d / 10)
		memory = append(memory, resident())
	}
	k.over.Store(true)
	callers.Wait()
	close(stop)
	others.Wait()
	return memory
}

// releases lets a hung device go on every now and then, as a driver does.
func (k *soak) releases(stop chan struct{}) {
	for {
		select {
		case <-stop:
			k.device.Release()
			return
		case <-time.After(200 * time.Millisecond):
			k.device.Release()
		}
	}
}

// call submits one job after another of all kinds.
func (k *soak) call(r *rand.Rand) {
	for !k.over.Load() {
		w, n := k.weights[r.IntN(len(k.weights))].View(), 1+r.IntN(3)
		j := &job.Matmul{
			A: w, B: tensor.Matrix(make([]float32, 64*n), 64, n), C: tensor.Matrix(make([]float32, w.Rows()*n), w.Rows(), n),
			Options: job.Options{Tenant: []string{"", "a", "b"}[r.IntN(3)], Priority: job.Priority(r.IntN(3) - 1), Wait: r.IntN(2) == 0},
		}
		if r.IntN(3) == 0 {
			j.Deadline = time.Now().Add(time.Duration(r.IntN(2000)) * time.Microsecond)
		}
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		switch r.IntN(16) {
		case 0:
			ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(1000))*time.Microsecond)
		case 1:
			ctx, cancel = context.WithCancel(ctx)
			go cancel()
		}
		err := k.Do(ctx, j)
		cancel()
		if !j.Deadline.IsZero() {
			k.late(time.Since(j.Deadline))
		}
		if errors.Is(err, job.ErrInvalid) || errors.Is(err, job.ErrClosed) || errors.Is(err, job.ErrUnavailable) {
			k.t.Errorf("a job of no fault: %v", err)
			return
		}
		if errors.Is(err, job.ErrQueueFull) {
			runtime.Gosched()
		}
	}
}

func (k *soak) late(d time.Duration) {
	for {
		old := k.latest.Load()
		if int64(d) <= old || k.latest.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// resident returns the MiB of the process that are in memory; of the heap where
// the system does not tell.
func resident() int {
	text, err := os.ReadFile("/proc/self/status")
	lines := strings.Split(string(text), "\n")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "VmRSS:") })
	if err != nil || i < 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.Sys-m.HeapReleased) >> 20
	}
	kib, _ := strconv.Atoi(strings.Fields(lines[i])[1])
	return kib >> 10
}
