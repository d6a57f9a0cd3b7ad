package scheduler_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// file is a JSONL file in memory.
type file struct {
	bytes.Buffer
	jsonl *metrics.JSONL
}

func (f *file) Close() error { return nil }

// record makes cfg record to a new file, which is closed with the scheduler.
func record(cfg *scheduler.Config) *file {
	f := &file{}
	f.jsonl = metrics.NewJSONL(f, 1<<16)
	cfg.Recorder, cfg.CloseRecorder = f.jsonl, true
	return f
}

// decisions closes the scheduler and returns what it recorded.
func (f *file) decisions(t testing.TB, s *scheduler.Scheduler) (all []metrics.Decision) {
	t.Helper()
	require.NoError(t, s.Close(background))
	require.Zero(t, f.jsonl.Dropped())
	for line := range bytes.Lines(f.Bytes()) {
		var d metrics.Decision
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&d), "%s", line)
		all = append(all, d)
		require.EqualValues(t, len(all), d.Seq)
		require.GreaterOrEqual(t, d.Queue, time.Duration(0))
		require.GreaterOrEqual(t, d.Encode, time.Duration(0))
		require.GreaterOrEqual(t, d.DeviceTime, time.Duration(0))
		require.GreaterOrEqual(t, d.Total, d.DeviceTime)
	}
	return all
}

// Why a device does without the kernels made for its kind is in every decision,
// to be read by machines and by people.
func TestDecisionOfAFallback(t *testing.T) {
	const why = "without the kernels of Hopper, slower: NVRTC 12.0: no such instruction"
	for _, console := range []bool{false, true} {
		cfg := scheduler.Config{
			Device:        sim.Open(sim.Config{Caps: kernels.Caps{SIMDWidth: 1, MaxThreadgroup: 1, Fallback: why}}),
			CloseRecorder: true,
		}
		var lines bytes.Buffer
		var f *file
		if console {
			cfg.Recorder = metrics.NewConsole(&lines, 16)
		} else {
			f = record(&cfg)
		}
		s := start(t, cfg)
		w := square(t, s, 4)
		require.NoError(t, s.Do(background, newProbe(w, job.Options{}).Matmul))
		if console {
			require.NoError(t, s.Close(background))
			require.Contains(t, lines.String(), "; "+why+"\n")
			continue
		}
		d := f.decisions(t, s)[0]
		require.Equal(t, metrics.Rule{Name: metrics.RuleDevice, Reason: why}, d.Rules[0])
		require.NotEqual(t, why, d.Reason(), "of what was chosen")
	}
}

func TestDecisionOfAMirroredJob(t *testing.T) {
	cfg := scheduler.Config{Device: openCPU(t)}
	f := record(&cfg)
	s := start(t, cfg)
	w, err := s.Load(tensor.Matrix(make([]float32, 32*64), 32, 64))
	require.NoError(t, err)
	before := time.Now()
	decode := &job.Matmul{ // one row of activations times the weight, as decoding writes it
		A: tensor.Matrix(make([]float32, 32), 1, 32), B: w.View(), C: tensor.Matrix(make([]float32, 64), 1, 64),
		Bias: tensor.Matrix(make([]float32, 64), 1, 64), Scale: job.AlphaBeta(1, 2), Options: job.Options{Tenant: "chat"},
	}
	require.NoError(t, s.Do(background, decode))
	require.NoError(t, s.Do(background, decode))
	all := f.decisions(t, s)
	require.Len(t, all, 2)
	d := all[0]
	require.Equal(t, metrics.Version, d.V)
	require.Equal(t, metrics.KindBatch, d.Kind)
	require.WithinRange(t, d.Time, before.Add(-time.Second), time.Now().Add(time.Second))
	require.Equal(t, "matmul", d.Op)
	require.Equal(t, "cpu", d.Device)
	require.Equal(t, metrics.Shape{Batch: 1, M: 1, N: 64, K: 32}, d.Shape)
	require.Equal(t, metrics.Shape{Batch: 1, M: 64, N: 1, K: 32}, d.Normalised)
	require.Equal(t, metrics.DTypes{A: "f32", B: "f32", C: "f32"}, d.DTypes)
	// The weight is read down its columns. That a vector lies transposed makes no difference.
	require.True(t, d.Flags.Mirrored && d.Flags.Beta && d.Flags.Bias && d.Flags.TransA && !d.Flags.Causal, "%+v", d.Flags)
	require.Equal(t, []int{1, 1, 1}, []int{d.Jobs, d.Columns, d.Problems})
	require.Equal(t, []metrics.Tenant{{Name: "chat", Jobs: 1}}, d.Tenants)
	require.Equal(t, "smalln", d.Plan.Backend)
	require.Equal(t, "N1", d.Plan.Variant)
	require.Equal(t, "matmul_smalln_n1", d.Plan.Kernel)
	require.True(t, strings.HasPrefix(d.Plan.Key, "matmul_smalln_n1/f32,f32,f32/ta"), d.Plan.Key)
	require.Contains(t, d.Plan.Key, "/beta/bias/N1")
	require.True(t, d.Invariant)
	require.Contains(t, d.Orientation, "mirrored")
	require.NotEmpty(t, d.Picked)
	require.Equal(t, "alone", d.CloseReason)
	require.Equal(t, 1, d.Attempt)
	require.Equal(t, "done", d.Outcome)
	require.Empty(t, d.Error)
	require.NotEmpty(t, d.Rules)
	for i, rule := range d.Rules { // every rule up to the one that applied, with its reason
		require.NotEmpty(t, rule.Reason)
		require.Equal(t, i == len(d.Rules)-1, rule.Applied, "%+v", d.Rules)
	}
	require.Contains(t, d.Reason(), "N=1")

	require.False(t, d.CacheHit, "compiled for it")
	require.True(t, all[1].CacheHit)
}

func TestDecisionOfASoftmax(t *testing.T) {
	cfg := scheduler.Config{Device: openCPU(t)}
	f := record(&cfg)
	s := start(t, cfg)
	x := tensor.Batch(make([]tensor.Float16, 2*3*50), 2, 3, 50)
	require.NoError(t, s.Do(background, &job.Softmax{X: x, Causal: true, QueryOffset: 5}))
	d := f.decisions(t, s)[0]
	require.Equal(t, "softmax", d.Op)
	require.Equal(t, metrics.Shape{Batch: 2, M: 3, N: 50}, d.Shape)
	require.Equal(t, metrics.DTypes{A: "f16", B: "f16", C: "f16"}, d.DTypes)
	require.True(t, d.Flags.Causal && d.Flags.QueryOffset && !d.Flags.Mirrored)
	require.Equal(t, "vec", d.Plan.Backend)
	require.Equal(t, "w64", d.Plan.Variant)
	require.Equal(t, "softmax_vec", d.Plan.Kernel)
}

// reasons returns why the batches were closed, and how many jobs they had.
func reasons(all []metrics.Decision) (list []string) {
	for _, d := range all {
		list = append(list, fmt.Sprintf("%s %d", d.CloseReason, d.Jobs))
	}
	return list
}

func TestCloseReasons(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1), MaxColumns: 4}
		f := record(&cfg)
		s := start(t, cfg)
		w := square(t, s, 4)
		busy(t, s, w)
		for range 6 {
			submit(t, s, newProbe(w, job.Options{}))
		}
		time.Sleep(time.Minute)
		submit(t, s, newProbe(w, job.Options{}))
		require.Equal(t, []string{"alone 1", "full 4", "slot_free 2", "alone 1"}, reasons(f.decisions(t, s)))
	})
}

func TestLinger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: sim.Open(sim.Config{}), Linger: time.Second}
		f := record(&cfg)
		s := start(t, cfg)
		w, now := square(t, s, 4), newClock()
		first := submit(t, s, newProbe(w, job.Options{}))
		time.Sleep(time.Second / 2)
		second := submit(t, s, newProbe(w, job.Options{}))
		require.NoError(t, first.Wait(background))
		require.NoError(t, second.Wait(background))
		now.is(t, 1)
		d := f.decisions(t, s)
		require.Equal(t, []string{"linger 2"}, reasons(d))
		require.Equal(t, time.Second, d[0].Queue)
	})
}

func TestDecisionsOfAFailedBatch(t *testing.T) {
	boom := errors.New("boom")
	bubble(t, func(t *testing.T) {
		var failures []int // columns of the batches that failed
		var log bytes.Buffer
		cfg := scheduler.Config{Logger: slog.New(slog.NewTextHandler(&log, nil)), Device: sim.Open(sim.Config{
			Launch: time.Second, Fault: func(b *device.Batch) sim.Fault {
				if n := b.Stages[len(b.Stages)-1].Dispatches[0].Matmul.Shape.N; n > 1 {
					failures = append(failures, n)
					return sim.Error(boom)
				}
				return sim.None()
			},
		})}
		f := record(&cfg)
		s := start(t, cfg)
		w := square(t, s, 4)
		busy(t, s, w)
		for i := range 4 {
			submit(t, s, newProbe(w, job.Options{Tenant: []string{"b", "a"}[i%2]}))
		}
		all := f.decisions(t, s)
		require.Equal(t, []int{4, 2, 2}, failures)
		require.Len(t, all, 1+1+2+4)
		failed := all[1]
		require.Equal(t, "failed", failed.Outcome)
		require.Contains(t, failed.Error, "boom")
		require.Equal(t, 1, failed.Attempt)
		require.Equal(t, []metrics.Tenant{{Name: "a", Jobs: 2}, {Name: "b", Jobs: 2}}, failed.Tenants)
		attempts := map[int]int{}
		for _, d := range all[2:] {
			attempts[d.Attempt]++
			require.Equal(t, "retry", d.CloseReason)
			require.Equal(t, map[int]string{2: "failed", 3: "done"}[d.Attempt], d.Outcome)
		}
		require.Equal(t, map[int]int{2: 2, 3: 4}, attempts)
		require.EqualValues(t, 5, s.Audit().Done, "no job failed")
		require.Equal(t, 3, strings.Count(log.String(), "level=WARN msg=\"batch failed\""), "%s", &log)
		require.Contains(t, log.String(), "error=boom")
	})
}

func TestProfile(t *testing.T) {
	cfg := scheduler.Config{Device: openCPU(t), Profile: true}
	f := record(&cfg)
	s := start(t, cfg)
	require.NoError(t, s.Do(background, newProbe(square(t, s, 64), job.Options{}).Matmul))
	d := f.decisions(t, s)[0]
	require.Len(t, d.Dispatches, 1)
	require.Positive(t, d.Dispatches[0])
	require.LessOrEqual(t, d.Dispatches[0], d.DeviceTime)
}

// TestMostJobsOfABatch submits more small jobs than one batch takes.
func TestMostJobsOfABatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1)}
		f := record(&cfg)
		s := start(t, cfg)
		w := square(t, s, 4)
		busy(t, s, w)
		for range 1500 {
			submit(t, s, newProbe(w, job.Options{}))
		}
		var sizes []int
		for _, d := range f.decisions(t, s) {
			sizes = append(sizes, d.Jobs)
		}
		require.Equal(t, []int{1, 1024, 476}, sizes)
	})
}

func TestTimesOfADecision(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(2)}
		f := record(&cfg)
		s := start(t, cfg)
		w := square(t, s, 4)
		busy(t, s, w)
		time.Sleep(time.Second)
		submit(t, s, newProbe(w, job.Options{}))
		d := f.decisions(t, s)[1]
		require.Equal(t, time.Second, d.Queue)
		require.Zero(t, d.Encode)
		require.Equal(t, 2*time.Second, d.DeviceTime)
		require.Equal(t, 3*time.Second, d.Total)
	})
}

func TestConsole(t *testing.T) {
	var out bytes.Buffer
	s := start(t, scheduler.Config{Device: sim.Open(sim.Config{}), Recorder: metrics.NewConsole(&out, 10), CloseRecorder: true})
	require.NoError(t, s.Do(background, newProbe(square(t, s, 4), job.Options{}).Matmul))
	require.NoError(t, s.Close(background))
	require.Regexp(t, `^\d\d:\d\d:\d\d\.\d{3} #1 matmul 4x4x1 f32 smalln/N1 1 jobs alone queue \S+ device 0s done: .*N=1.*\n$`, out.String())
}

func TestCountersEqualTheAudit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := sim.Open(sim.Config{Launch: time.Second, Fault: func(b *device.Batch) sim.Fault {
			if b.Stages[len(b.Stages)-1].Dispatches[0].Softmax != nil {
				return sim.Error(errors.New("boom"))
			}
			return sim.None()
		}})
		s := start(t, scheduler.Config{Device: d})
		w, now := square(t, s, 4), newClock()
		busy(t, s, w)
		submit(t, s, newProbe(w, job.Options{Deadline: now.after(0.5)}))
		submit(t, s, newProbe(w, job.Options{})).Cancel()
		waiting := submit(t, s, newProbe(w, job.Options{}))
		require.Error(t, s.Do(background, &job.Matmul{}))
		require.Error(t, s.Do(background, &job.Softmax{X: tensor.Matrix(make([]float32, 4), 2, 2)}))
		require.NoError(t, waiting.Wait(background))
		submit(t, s, newProbe(w, job.Options{}))
		synctest.Wait()
		a := s.Audit()
		require.Equal(t, job.Audit{Submitted: 7, Done: 2, Failed: 1, Cancelled: 1, Expired: 1, Rejected: 1, InFlight: 1, Bytes: probeBytes}, a)
		lines := prometheus(s)
		for name, want := range map[string]int64{
			"jobs_submitted_total":            a.Submitted,
			`jobs_total{outcome="done"}`:      a.Done,
			`jobs_total{outcome="failed"}`:    a.Failed,
			`jobs_total{outcome="cancelled"}`: a.Cancelled,
			`jobs_total{outcome="expired"}`:   a.Expired,
			`jobs_total{outcome="rejected"}`:  a.Rejected,
			"jobs_in_flight":                  a.InFlight,
			"bytes_in_flight":                 a.Bytes,
			"jobs_waiting":                    0,
			"kernel_cache_misses_total":       int64(s.KernelCache().Misses),
			"kernel_cache_hits_total":         int64(s.KernelCache().Hits),
			`batches_total{op="matmul",backend="smalln",variant="N1",close_reason="alone"}`: 2,
		} {
			require.Equal(t, fmt.Sprint(want), lines["metallic_sched_"+name], name)
		}
	})
}

// prometheus returns a scheduler's series by name.
func prometheus(s *scheduler.Scheduler) map[string]string {
	var out bytes.Buffer
	s.WritePrometheus(&out)
	lines := map[string]string{}
	for line := range strings.Lines(out.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		lines[name] = value
	}
	return lines
}

// stuck is an output that takes nothing until it is freed.
type stuck struct {
	free  chan struct{}
	reach sync.Once
	stops chan struct{} // closed when somebody writes
}

func (s *stuck) Write(p []byte) (int, error) {
	s.reach.Do(func() { close(s.stops) })
	<-s.free
	return len(p), nil
}
func (*stuck) Close() error { return nil }

var _ io.WriteCloser = (*stuck)(nil)

func TestAStuckRecorderHoldsUpNobody(t *testing.T) {
	out := &stuck{free: make(chan struct{}), stops: make(chan struct{})}
	j := metrics.NewJSONL(out, 1)
	s := start(t, scheduler.Config{Device: sim.Open(sim.Config{}), Recorder: j, CloseRecorder: true})
	p := newProbe(square(t, s, 4), job.Options{})
	require.NoError(t, s.Do(background, p.Matmul))
	<-out.stops
	for range 50 {
		require.NoError(t, s.Do(background, p.Matmul))
	}
	require.NoError(t, s.DoAll(background, []job.Job{p.Matmul})) // after it the device actor is done with the others
	require.GreaterOrEqual(t, j.Dropped(), uint64(48))
	require.Equal(t, fmt.Sprint(j.Dropped()), prometheus(s)["metallic_sched_decisions_dropped_total"])
	close(out.free)
	require.NoError(t, s.Close(background))
	require.EqualValues(t, 52, j.Written()+j.Dropped())
}
