package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// traced closes the scheduler and reads back its only run.
func (f *file) traced(t testing.TB, s *scheduler.Scheduler) *metrics.Trace {
	t.Helper()
	require.NoError(t, s.Close(background))
	require.Zero(t, f.jsonl.Dropped())
	runs, err := metrics.ReadTraces(bytes.NewReader(f.Bytes()))
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.True(t, runs[0].Ended())
	return &runs[0]
}

// replay replays a trace, with a changed setup if change is not nil.
func replay(t testing.TB, trace *metrics.Trace, change func(*metrics.Setup)) *actors.Replay {
	t.Helper()
	with := trace.Setup
	if change != nil {
		change(&with)
	}
	r, err := scheduler.Replay(trace, with)
	require.NoError(t, err)
	return r
}

// requireSame fails with the first slot that was used otherwise.
func requireSame(t testing.TB, r *actors.Replay) {
	t.Helper()
	for _, d := range r.Differences {
		t.Fatalf("%d differences, the first:\nrecorded %+v\nreplayed %+v", r.Different, d.Recorded, d.Replayed)
	}
	require.Equal(t, r.Recorded, r.Replayed)
	require.Empty(t, r.Moved)
	require.Zero(t, r.Drained)
}

// seen adds up what many replayed runs had in them.
type seen struct {
	batches, cancels, failures int
	reasons                    map[string]int
}

func (s *seen) add(r *actors.Replay) {
	s.batches += r.Recorded.Batches
	s.cancels += r.Cancels
	s.failures += r.Failures
	for reason, n := range r.Recorded.Reasons {
		s.reasons[reason] += n
	}
}

// TestReplayReproducesEveryDecision traces random traffic of several tenants
// and priorities, with deadlines, cancellations, cold kernels, queues of
// several batches and batches that fail, on a virtual clock, and replays it.
func TestReplayReproducesEveryDecision(t *testing.T) {
	seeds := uint64(120)
	if testing.Short() || slowdown > 1 {
		seeds = 24
	}
	all := seen{reasons: map[string]int{}}
	for seed := range seeds {
		var trace *metrics.Trace
		bubble(t, func(t *testing.T) { trace = traffic(t, seed) })
		r := replay(t, trace, nil)
		requireSame(t, r)
		all.add(r)
		if seed%3 == 0 {
			replayOtherwise(t, trace)
		}
	}
	t.Logf("%+v", all)
	require.NotZero(t, all.cancels)
	for _, reason := range []string{"slot_free", "full", "linger", "alone", "retry"} {
		require.NotZero(t, all.reasons[reason], reason)
	}
}

// replayOtherwise replays with other configurations: every job runs there too,
// unless it was cancelled or has expired.
func replayOtherwise(t *testing.T, trace *metrics.Trace) {
	t.Helper()
	alone := replay(t, trace, func(s *metrics.Setup) { s.MaxJobs = 1 })
	require.Equal(t, alone.Replayed.Batches, alone.Replayed.Jobs)
	narrow := replay(t, trace, func(s *metrics.Setup) { s.MaxColumns = 1 })
	require.Equal(t, narrow.Replayed.Batches, narrow.Replayed.Columns)
	for _, r := range []*actors.Replay{
		alone, narrow,
		replay(t, trace, func(s *metrics.Setup) { s.Linger += time.Millisecond }),
		replay(t, trace, func(s *metrics.Setup) { s.Linger = 0 }),
		replay(t, trace, func(s *metrics.Setup) { s.AgeStep = time.Nanosecond }),
		replay(t, trace, func(s *metrics.Setup) { s.MaxTime = time.Nanosecond }),
		replay(t, trace, func(s *metrics.Setup) { s.Prefs.MatmulBackend = "mlx" }),
	} {
		if calm(trace) && r.Cancels+r.Failures == 0 {
			require.Zero(t, r.Left)
		}
		recorded := r.Recorded
		recorded.Predicted = alone.Recorded.Predicted // none where nothing was changed after all
		require.Equal(t, alone.Recorded, recorded)
	}
}

// calm reports whether no job of a trace can expire.
func calm(trace *metrics.Trace) bool {
	return !slices.ContainsFunc(trace.Events, func(e metrics.Event) bool { return e.Deadline != 0 })
}

// traffic runs random callers on a random configuration and returns the trace.
func traffic(t *testing.T, seed uint64) *metrics.Trace {
	r := rand.New(rand.NewPCG(seed, 11))
	pick := func(ds ...time.Duration) time.Duration { return ds[r.IntN(len(ds))] }
	quiet := seed%4 == 0
	var faults atomic.Bool // once the weights are loaded
	d := sim.Open(sim.Config{
		Launch: pick(50*time.Microsecond, time.Millisecond), PerColumn: pick(0, 5*time.Microsecond),
		Before: pick(0, 30*time.Microsecond), CompileTime: pick(0, 300*time.Microsecond), QueueDepth: 1 + r.IntN(3), Discrete: r.IntN(3) == 0,
		Fault: func(*device.Batch) sim.Fault { return someFault(r, faults.Load()) },
	})
	cfg := scheduler.Config{
		Device: d, Trace: true, NoBatching: r.IntN(6) == 0, MaxColumns: []int{3, 16, 1024}[r.IntN(3)],
		Linger: pick(0, 0, 200*time.Microsecond, time.Millisecond), AgeStep: pick(0, 100*time.Microsecond),
		MaxBatchTime: pick(0, 100*time.Microsecond), InPlaceBytes: []int{-1, 1, 0}[r.IntN(3)], Shards: 1 + r.IntN(2),
	}
	f := record(&cfg)
	s, err := scheduler.Open(background, cfg)
	require.NoError(t, err)
	weights := []*scheduler.Operand{square(t, s, 6), square(t, s, 6), square(t, s, 9)}
	faults.Store(!quiet && r.IntN(2) == 0)
	all := crowd{s: s, weights: weights, quiet: quiet, pause: time.Sleep}
	all.call(seed, 1+r.IntN(12), 1+r.IntN(12))
	return f.traced(t, s)
}

// someFault fails one batch in eight, if any.
func someFault(r *rand.Rand, faults bool) sim.Fault {
	if !faults {
		return sim.None()
	}
	switch r.IntN(24) {
	case 0:
		return sim.Error(errInjected)
	case 1:
		return sim.ErrorAfter(errInjected)
	case 2:
		return sim.OutOfMemory()
	}
	return sim.None()
}

// crowd is callers that submit random jobs.
type crowd struct {
	s       *scheduler.Scheduler
	weights []*scheduler.Operand
	quiet   bool                // nothing is cancelled and nothing expires
	pause   func(time.Duration) // between the jobs of a caller
}

// call waits for all callers.
func (c *crowd) call(seed uint64, callers, jobs int) {
	var all sync.WaitGroup
	for g := range callers {
		all.Go(func() {
			m := newMaker(seed*1000 + uint64(g))
			for range jobs {
				c.pause(time.Duration(m.IntN(3)) * time.Duration(m.IntN(1000)) * time.Microsecond)
				c.callOnce(m)
			}
		})
	}
	all.Wait()
}

// callOnce submits one job or a group, with options of all kinds.
func (c *crowd) callOnce(m maker) {
	ctx := background
	if !c.quiet && m.IntN(5) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(1+m.IntN(2000))*time.Microsecond)
		defer cancel()
	}
	if m.IntN(4) > 0 {
		_ = c.s.Do(ctx, c.job(m))
		return
	}
	var group []job.Job
	for range 1 + m.IntN(20) {
		group = append(group, c.job(m))
	}
	hs, err := c.s.SubmitAll(ctx, group)
	if err != nil {
		return
	}
	for _, h := range hs {
		if !c.quiet && m.IntN(4) == 0 {
			h.Cancel()
		}
	}
	for _, h := range hs {
		_ = h.Wait(background)
	}
}

// job returns a small job over a weight, over memory of its own, of several
// matrices, or a softmax.
func (c *crowd) job(m maker) job.Job {
	o := job.Options{Tenant: fmt.Sprint("tenant ", m.IntN(4)), Priority: job.Priority(m.IntN(3) - 1), Wait: true}
	if !c.quiet && m.IntN(6) == 0 {
		o.Deadline = time.Now().Add(time.Duration(1+m.IntN(3000)) * time.Microsecond)
	}
	n := 1 + m.IntN(3)*m.IntN(8)
	zeros := func(batch, rows, cols int) tensor.View {
		return tensor.Batch(make([]float32, batch*rows*cols), batch, rows, cols)
	}
	switch m.IntN(8) {
	case 0:
		return &job.Softmax{X: zeros(1+m.IntN(2), n, 5+m.IntN(30)), Causal: m.IntN(2) == 0, Options: o}
	case 1:
		b := 2 + m.IntN(3)
		return &job.Matmul{A: zeros(b, 6, 4), B: zeros(b, 4, n), C: zeros(b, 6, n), Options: o}
	case 2:
		return &job.Matmul{A: zeros(1, 6, 4), B: zeros(1, 4, n), C: zeros(1, 6, n), Options: o}
	}
	w := c.weights[m.IntN(len(c.weights))].View()
	k := w.Cols()
	if m.IntN(3) == 0 {
		return &job.Matmul{A: zeros(1, n, k), B: w, C: zeros(1, n, k), Options: o} // mirrored
	}
	return &job.Matmul{A: w, B: zeros(1, k, n), C: zeros(1, k, n), Options: o}
}

// TestReplayOfARealClock is the same where callers, timers and the device run
// side by side, and actors are restarted.
func TestReplayOfARealClock(t *testing.T) {
	var restarts atomic.Int64
	cfg := scheduler.WithFault(scheduler.Config{
		Device: sim.Open(sim.Config{Launch: 20 * time.Microsecond, QueueDepth: 2}), Trace: true, MaxColumns: 12,
	}, func(string) {
		if rand.IntN(500) == 0 {
			restarts.Add(1)
			panic(errInjected)
		}
	})
	f := record(&cfg)
	s, err := scheduler.Open(background, cfg)
	require.NoError(t, err)
	all := crowd{s: s, weights: []*scheduler.Operand{square(t, s, 6), square(t, s, 9)}, pause: func(time.Duration) { runtime.Gosched() }}
	all.call(1, 16, 40)
	trace := f.traced(t, s)
	r := replay(t, trace, nil)
	t.Logf("%d restarts, %+v", restarts.Load(), r.Recorded)
	requireSame(t, r)
	replayOtherwise(t, trace)
}

// A trace stays whole when the scheduler is closed with jobs in its buckets,
// and when it is cut off.
func TestReplayOfAnEarlyClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1), Trace: true}
		f := record(&cfg)
		s, err := scheduler.Open(background, cfg)
		require.NoError(t, err)
		w := square(t, s, 4)
		busy(t, s, w)
		for range 3 {
			submit(t, s, newProbe(w, job.Options{}))
		}
		gone, cancel := context.WithCancel(background)
		cancel()
		require.ErrorIs(t, s.Close(gone), job.ErrClosed)
		require.NoError(t, f.jsonl.Close(background))
		runs, err := metrics.ReadTraces(bytes.NewReader(f.Bytes()))
		require.NoError(t, err)
		r := replay(t, &runs[0], nil)
		requireSame(t, r)
		require.Equal(t, 1, r.Recorded.Batches)
		for n := range runs[0].Events {
			requireSame(t, replay(t, &metrics.Trace{Setup: runs[0].Setup, Events: runs[0].Events[:n]}, nil))
		}
	})
}

// What another configuration changes is found where it does so.
func TestReplayShowsWhereAgeingMatters(t *testing.T) {
	var trace *metrics.Trace
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1), Trace: true, AgeStep: time.Hour}
		f := record(&cfg)
		s, err := scheduler.Open(background, cfg)
		require.NoError(t, err)
		v, w := square(t, s, 4), square(t, s, 5)
		busy(t, s, v) // slot 1, and slot 2 when its kernel is compiled
		submit(t, s, newProbe(v, job.Options{}))
		time.Sleep(900 * time.Millisecond)
		submit(t, s, newProbe(w, job.Options{Priority: job.High}))
		trace = f.traced(t, s)
	})
	requireSame(t, replay(t, trace, nil))
	r := replay(t, trace, func(s *metrics.Setup) { s.AgeStep = 100 * time.Millisecond })
	require.Len(t, r.Differences, 2)
	for i, want := range []struct {
		slot       uint64
		there, now uint64 // jobs
	}{{3, 3, 2}, {4, 2, 3}} {
		d := r.Differences[i]
		require.Equal(t, want.slot, d.Recorded.Slot)
		require.Equal(t, []metrics.Share{{Job: want.there, To: 1}}, d.Recorded.Shares)
		require.Equal(t, []metrics.Share{{Job: want.now, To: 1}}, d.Replayed.Shares)
	}
	require.Equal(t, r.Recorded.Jobs, r.Replayed.Jobs)
}

func TestReplayRefuses(t *testing.T) {
	setup := metrics.Setup{
		Shards: 1, MaxColumns: 8, MaxJobs: 8, MaxProblems: 8, MaxTime: 1, AgeStep: 1,
		Caps:  metrics.Caps{SIMDWidth: 1, MaxThreadgroup: 1},
		Prefs: metrics.Prefs{MatmulBackend: "auto", SoftmaxBackend: "auto", SmallNMaxN: 8},
	}
	arrival := metrics.Event{
		Kind: metrics.KindArrival, Seq: 2, Job: 1, Op: "matmul", Shape: metrics.Shape{Batch: 1, M: 4, N: 1, K: 4},
		DTypes: metrics.DTypes{A: "f32", B: "f32", C: "f32"}, Backend: "smalln",
	}
	with := func(change func(*metrics.Event)) metrics.Event {
		e := arrival
		change(&e)
		return e
	}
	for want, events := range map[string][]metrics.Event{
		"record 2, arrival: job 1 has arrived before":        {arrival, arrival},
		`op "sum" is not known; allowed are matmul, softmax`: {with(func(e *metrics.Event) { e.Op = "sum" })},
		`dtype "f64" is not known`:                           {with(func(e *metrics.Event) { e.DTypes.B = "f64" })},
		"gemv was chosen, but this program chooses smalln":   {with(func(e *metrics.Event) { e.Backend = "gemv" })},
		"slot 4 is not open":                                 {{Kind: metrics.KindPick, Slot: 4}},
		"slot 4 is open already":                             {{Kind: metrics.KindSlot, Slot: 4}, {Kind: metrics.KindSlot, Slot: 4}},
		"record 0, form: nothing was picked for slot 4":      {{Kind: metrics.KindSlot, Slot: 4}, {Kind: metrics.KindForm, Slot: 4}},
	} {
		_, err := scheduler.Replay(&metrics.Trace{Setup: setup, Events: events}, setup)
		require.ErrorContains(t, err, want)
	}
	_, err := scheduler.Replay(&metrics.Trace{Setup: setup, Broken: &metrics.TraceError{Line: 3, Problem: "not a whole record"}}, setup)
	require.ErrorContains(t, err, "line 3: not a whole record")
	trace := &metrics.Trace{Setup: setup}
	for want, change := range map[string]func(*metrics.Setup){
		"Config.MaxColumns is 0; allowed: 1 to": func(s *metrics.Setup) { s.MaxColumns = 0 },
		"Config.AgeStep is -1":                  func(s *metrics.Setup) { s.AgeStep = -1 },
		`"fast"`:                                func(s *metrics.Setup) { s.Prefs.MatmulBackend = "fast" },
		"SmallNMaxN is 17":                      func(s *metrics.Setup) { s.Prefs.SmallNMaxN = 17 },
	} {
		changed := setup
		change(&changed)
		_, err := scheduler.Replay(trace, changed)
		require.ErrorContains(t, err, want)
	}
}

// FuzzReplay: no file makes the reader or the replay panic.
func FuzzReplay(f *testing.F) {
	small := &bytes.Buffer{}
	cfg := scheduler.Config{Device: sim.Open(sim.Config{}), Trace: true}
	out := record(&cfg)
	s, err := scheduler.Open(background, cfg)
	require.NoError(f, err)
	one := crowd{s: s, weights: []*scheduler.Operand{square(f, s, 4)}, pause: func(time.Duration) {}}
	one.call(3, 1, 6)
	require.NoError(f, s.Close(background))
	small.Write(out.Bytes())
	f.Add(small.Bytes())
	f.Add(bytes.ReplaceAll(small.Bytes(), []byte(`"kind":"pick"`), []byte(`"kind":"retry"`)))
	f.Fuzz(func(t *testing.T, file []byte) {
		runs, err := metrics.ReadTraces(bytes.NewReader(file))
		if err != nil {
			return
		}
		for i := range runs {
			for _, jobs := range []int{runs[i].Setup.MaxJobs, 1} {
				with := runs[i].Setup
				with.MaxJobs = jobs
				var panicked *actors.PanicError
				if _, err := scheduler.Replay(&runs[i], with); err != nil {
					require.False(t, errors.As(err, &panicked), "%v", err)
				}
			}
		}
	})
}

// Kernels that differ within a backend are told apart, with their variants.
func TestReplayShowsMovesBetweenKernels(t *testing.T) {
	setup := metrics.Setup{
		Shards: 1, MaxColumns: 8, MaxJobs: 8, MaxProblems: 8, MaxTime: 1, AgeStep: 1,
		Caps:  metrics.Caps{SIMDWidth: 1, MaxThreadgroup: 1},
		Prefs: metrics.Prefs{MatmulBackend: "auto", SoftmaxBackend: "block", SmallNMaxN: 8},
	}
	types := metrics.DTypes{A: "f32", B: "f32", C: "f32"}
	events := []metrics.Event{
		{Kind: metrics.KindArrival, Seq: 2, Job: 1, Op: "matmul", Shape: metrics.Shape{Batch: 1, M: 4, N: 12, K: 4}, DTypes: types, Backend: "mlx"},
		{Kind: metrics.KindArrival, Seq: 3, Job: 2, Op: "matmul", Shape: metrics.Shape{Batch: 1, M: 4, N: 5, K: 4}, DTypes: types, Backend: "smalln"},
		{Kind: metrics.KindArrival, Seq: 4, Job: 3, Op: "softmax", Shape: metrics.Shape{Batch: 1, M: 4, N: 100}, DTypes: types, Backend: "block"},
	}
	trace := &metrics.Trace{Setup: setup, Events: events}
	require.Empty(t, replay(t, trace, nil).Moved)
	r := replay(t, trace, func(s *metrics.Setup) { s.Prefs.SmallNMaxN, s.Prefs.Experimental = 16, true })
	require.Equal(t, map[actors.Move]int{
		{Recorded: actors.Chosen{Backend: "mlx", Variant: "-", Kernel: "matmul_mlx"}, Replayed: actors.Chosen{Backend: "smalln", Variant: "N16", Kernel: "matmul_smalln_n16"}}:            1,
		{Recorded: actors.Chosen{Backend: "block", Variant: "w128", Kernel: "softmax_block"}, Replayed: actors.Chosen{Backend: "block", Variant: "w128", Kernel: "softmax_block_online"}}: 1,
	}, r.Moved)
}
