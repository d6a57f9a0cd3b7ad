package scheduler_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// weather is what goes wrong, and how often. Its methods may be called from
// any goroutine.
type weather struct {
	*rand.Rand // for one goroutine
	seed       uint64
	breaks     atomic.Bool // it has begun

	mu   sync.Mutex
	dice *rand.Rand

	slow, failed, failedLate, empty, hang, lost, panicked, panics, compileError float64

	launch, compiling time.Duration
	before            time.Duration // of the host's
	depth             int
	discrete          bool
	otherKind         float64 // that a device in place of another can read the callers' memory where that could not, or the reverse
	memory            int64
}

func newWeather(seed uint64) *weather {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(ps ...float64) float64 { return ps[r.IntN(len(ps))] }
	return &weather{
		Rand: r, seed: seed, dice: rand.New(rand.NewPCG(seed, 2)),
		slow: pick(0, 0.05, 0.2), failed: pick(0, 0.02, 0.1), failedLate: pick(0, 0.02), empty: pick(0, 0.02, 0.1),
		hang: pick(0, 0.02, 0.1), lost: pick(0, 0, 0.02, 0.1), panicked: pick(0, 0.02), panics: pick(0, 0.001, 0.03),
		compileError: pick(0, 0.02),
		launch:       []time.Duration{0, time.Millisecond, 300 * time.Millisecond}[r.IntN(3)],
		compiling:    []time.Duration{0, time.Millisecond, time.Second}[r.IntN(3)],
		depth:        1 + r.IntN(3), discrete: r.IntN(4) == 0,
		memory:    []int64{1 << 30, 64 << 10}[r.IntN(2)],
		before:    []time.Duration{0, time.Millisecond}[r.IntN(2)],
		otherKind: pick(0, 0, 0.5),
	}
}

// chance is true with a probability.
func (w *weather) chance(p float64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.breaks.Load() && w.dice.Float64() < p
}

func (w *weather) duration(most time.Duration) time.Duration {
	return time.Duration(w.Int64N(int64(most)))
}

func (w *weather) time(*device.Batch) time.Duration {
	if w.chance(w.slow) {
		return w.launch + 3*time.Second
	}
	return w.launch
}

func (w *weather) batch(*device.Batch) sim.Fault {
	for _, f := range []struct {
		p     float64
		fault sim.Fault
	}{
		{w.hang, sim.Hang()},
		{w.lost, sim.Lost()},
		{w.empty, sim.OutOfMemory()},
		{w.failed, sim.Error(&device.KernelError{Kernel: "matmul", Cause: errInjected})},
		{w.failedLate, sim.ErrorAfter(errInjected)},
		{w.panicked, sim.Panic(errInjected)},
	} {
		if w.chance(f.p) {
			return f.fault
		}
	}
	return sim.None()
}

func (w *weather) compile(kernels.Key) error {
	switch {
	case w.chance(w.compileError):
		return errInjected
	case w.chance(w.compileError / 4):
		panic(errInjected)
	}
	return nil
}
