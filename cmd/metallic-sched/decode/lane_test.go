package decode

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// Every result that is sampled agrees with its reference, whatever the type,
// and every job is accounted for although turns end in the middle of some.
func TestLaneOnCPU(t *testing.T) {
	for _, dt := range tensor.DTypes {
		t.Run(dt.String(), func(t *testing.T) {
			d, err := cpu.Open(cpu.Config{})
			require.NoError(t, err)
			defer func() { require.NoError(t, d.Close()) }()
			src, err := NewRandom(smallModel(), dt, 1)
			require.NoError(t, err)
			stop := &stopper{after: 200}
			l, end := openLane(t, scheduler.Config{Device: d, Recorder: stop}, src, Fit{Layers: 2, Head: true}, 5)
			for range 3 {
				require.NoError(t, l.Run(stop.again(t.Context()), time.Hour))
			}
			end()
			s := l.Summary()
			require.NoError(t, s.Balance())
			require.Positive(t, s.Checked)
			require.Positive(t, s.Elapsed)
			require.GreaterOrEqual(t, total(s).Jobs, 3*stop.after)
			for _, k := range s.Kinds {
				require.Positive(t, k.Jobs, k.Kind)
				require.Equal(t, k.Jobs, k.Latency.TotalCount())
			}
		})
	}
}

// Without batching every batch has one job.
func TestLaneAlone(t *testing.T) {
	d := sim.Open(sim.Config{})
	defer func() { require.NoError(t, d.Close()) }()
	stop := &stopper{after: 300}
	src, err := NewRandom(smallModel(), tensor.F16, 1)
	require.NoError(t, err)
	l, end := openLane(t, scheduler.Config{Device: d, Recorder: stop, NoBatching: true}, src, Fit{Layers: 1}, 8)
	require.NoError(t, l.Run(stop.again(t.Context()), time.Hour))
	jobs, sum := l.Progress()
	end()
	require.GreaterOrEqual(t, sum.Jobs, jobs)
	s := l.Summary()
	require.NoError(t, s.Balance())
	require.Equal(t, total(s).Batches, total(s).Jobs)
	require.Zero(t, s.Checked, "sim computes nothing")
	require.Zero(t, s.Kinds[LMHead].Jobs, "lm_head was left out")
}

func TestLaneWithWeightsOfAFile(t *testing.T) {
	d, err := cpu.Open(cpu.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	m := smallModel()
	f, err := OpenFile(writeFile(t, tensorsOf(m, tensor.BF16)), m)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	stop := &stopper{after: 200}
	l, end := openLane(t, scheduler.Config{Device: d, Recorder: stop}, f, Fit{Layers: 3, Head: true}, 4)
	require.NoError(t, l.Run(stop.again(t.Context()), time.Hour))
	end()
	s := l.Summary()
	require.NoError(t, s.Balance())
	require.Positive(t, s.Checked)
}

// A run ends by its time as well, but not with nothing.
func TestLaneEndsInTime(t *testing.T) {
	d := sim.Open(sim.Config{})
	defer func() { require.NoError(t, d.Close()) }()
	src, err := NewRandom(smallModel(), tensor.F16, 1)
	require.NoError(t, err)
	l, end := openLane(t, scheduler.Config{Device: d}, src, Fit{Layers: 1}, 2)
	require.NoError(t, l.Run(t.Context(), 0))
	end()
	s := l.Summary()
	require.NoError(t, s.Balance())
	require.Positive(t, s.Jobs)
}

func TestLaneReportsAFailedJob(t *testing.T) {
	broken := errors.New("broken")
	d := sim.Open(sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Error(broken) }})
	defer func() { require.NoError(t, d.Close()) }()
	src, err := NewRandom(smallModel(), tensor.F16, 1)
	require.NoError(t, err)
	l, end := openLane(t, scheduler.Config{Device: d}, src, Fit{Layers: 1}, 2)
	require.ErrorIs(t, l.Run(t.Context(), time.Hour), broken)
	end()
}

// A device that leaves the results as they were is found out.
func TestLaneFindsWrongResults(t *testing.T) {
	d := sim.Open(sim.Config{})
	defer func() { require.NoError(t, d.Close()) }()
	src, err := NewRandom(smallModel(), tensor.F32, 1)
	require.NoError(t, err)
	l, end := openLane(t, scheduler.Config{Device: d}, src, Fit{Layers: 1}, 2)
	l.check = &checker{}
	require.ErrorContains(t, l.Run(t.Context(), time.Hour), "wrong result")
	end()
}

func TestBalanceFindsALostJob(t *testing.T) {
	s := Summary{Jobs: 2}
	s.Audit.Submitted, s.Audit.Done = 2, 2
	require.NoError(t, s.Balance())
	s.Jobs = 1
	require.ErrorContains(t, s.Balance(), "does not balance")
	s.Jobs, s.Audit.Submitted = 2, 3
	require.ErrorContains(t, s.Balance(), "does not balance")
}

// openLane opens a lane with its weights; end closes all.
func openLane(t *testing.T, cfg scheduler.Config, src Source, fit Fit, sequences int) (l *Lane, end func()) {
	t.Helper()
	l, err := OpenLane(t.Context(), cfg)
	require.NoError(t, err)
	w, err := Load(src, fit, []scheduler.Service{l.Scheduler()})
	require.NoError(t, err)
	require.NoError(t, l.Start(w, fit, 0, sequences, 1))
	return l, func() {
		require.NoError(t, l.Close(context.Background()))
		w.Release()
	}
}

// stopper ends a run after some jobs of its sequences.
type stopper struct {
	after int64
	left  atomic.Int64
	stop  atomic.Pointer[context.CancelFunc]
}

// again returns the context of another run.
func (s *stopper) again(ctx context.Context) context.Context {
	ctx, stop := context.WithCancel(ctx)
	s.left.Store(s.after)
	s.stop.Store(&stop)
	return ctx
}

// Record implements metrics.Recorder.
func (s *stopper) Record(d *metrics.Decision) {
	if d.Tenants[0].Name != waiter && s.left.Add(-int64(d.Jobs)) <= 0 {
		(*s.stop.Load())()
	}
}

func total(s Summary) (sum BatchSum) {
	for _, b := range s.Batches {
		sum.Add(b)
	}
	return sum
}
