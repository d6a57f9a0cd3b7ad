package scheduler

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// measured is a profile of a simulated device, in which nothing is default.
func measured(info device.Info) *profile.Profile {
	smallN, mMin, nMin, cols, depth, linger, inPlace := 4, 32, 24, 512, 2, 50*time.Microsecond, 1<<16
	return &profile.Profile{
		Version: profile.Version, Machine: profile.MachineOf(info),
		Settings: profile.Settings{
			SmallNMaxN: &smallN, SIMDMMin: &mMin, SIMDNMin: &nMin, SoftmaxVecMaxCols: &cols, QueueDepth: &depth, Linger: &linger, InPlaceBytes: &inPlace,
		},
		Costs: []policy.Correction{{Family: "smalln", Type: "f32", Size: 8, Columns: 0, Ratio: 3, Count: 8}},
	}
}

func deep() *sim.Device { return sim.Open(sim.Config{QueueDepth: 3}) }

func TestTuningTakesThePlaceOfDefaults(t *testing.T) {
	d := deep()
	s, err := Open(context.Background(), Config{Device: d, Tuning: measured(d.Info())})
	require.NoError(t, err)
	used, err := s.Tuning()
	require.NoError(t, err)
	require.True(t, used)
	require.Equal(t, policy.Prefs{SmallNMaxN: 4, SIMDMMin: 32, SIMDNMin: 24, SoftmaxVecMaxCols: 512}, s.Prefs())
	require.Equal(t, 50*time.Microsecond, s.cfg.Linger)
	require.Equal(t, 2, s.cfg.QueueDepth)
	require.Equal(t, 1<<16, s.cfg.InPlaceBytes)

	// Selection goes by it, and so does the cost model.
	x := tensor.Matrix(make([]float32, 64*6), 64, 6)
	plan, _, err := s.Explain(&job.Matmul{A: tensor.Matrix(make([]float32, 64*64), 64, 64), B: x, C: tensor.Matrix(make([]float32, 64*6), 64, 6)})
	require.NoError(t, err)
	require.Equal(t, kernels.FamilyMLX, plan.Family())
	require.Contains(t, plan.Rules[2].Reason, "N=6 > SMALLN_MAX_N=4")
	costs, err := s.costs(d.Info())
	require.NoError(t, err)
	require.Equal(t, measured(d.Info()).Costs, costs.Corrections())
	require.NoError(t, s.Close(context.Background()))
	require.NoError(t, d.Close())
}

func TestFieldsCountMoreThanTuning(t *testing.T) {
	info := deep().Info()
	prefs := policy.DefaultPrefs()
	c, err := Config{Prefs: &prefs, QueueDepth: 3, Linger: time.Millisecond, InPlaceBytes: -1, Tuning: measured(info)}.Tuned(info)
	require.NoError(t, err)
	require.Equal(t, policy.DefaultPrefs(), *c.Prefs)
	require.Equal(t, 3, c.QueueDepth)
	require.Equal(t, time.Millisecond, c.Linger)
	require.Equal(t, -1, c.InPlaceBytes)

	c, err = Config{Tuning: measured(info)}.Tuned(info)
	require.NoError(t, err)
	require.Equal(t, 4, c.Prefs.SmallNMaxN)
	shallow := info
	shallow.QueueDepth = 1
	c, err = Config{Tuning: measured(shallow)}.Tuned(shallow)
	require.NoError(t, err)
	require.Equal(t, 1, c.QueueDepth)
	c, err = Config{}.Tuned(info)
	require.NoError(t, err)
	require.Zero(t, c)
}

func TestVariablesCountMoreThanTuning(t *testing.T) {
	info := deep().Info()
	path := filepath.Join(t.TempDir(), "p.json")
	require.NoError(t, measured(info).Save(path))
	tuned := func(list ...string) Config {
		c, err := ours(t, append(list, "METALLIC_PROFILE="+path)...).withDefaults().Tuned(info)
		require.NoError(t, err)
		return c
	}
	c := tuned()
	require.Equal(t, policy.Prefs{SmallNMaxN: 4, SIMDMMin: 32, SIMDNMin: 24, SoftmaxVecMaxCols: 512}, *c.Prefs)
	require.Equal(t, 2, c.QueueDepth)
	require.Equal(t, 1<<16, c.InPlaceBytes)

	// Also those that are set to what is the default.
	c = tuned("METALLIC_MATMUL_SMALLN_MAX_N=8", "METALLIC_SOFTMAX_VEC_MAX_COLS=1024", "METALLIC_MATMUL_SIMD_M_MIN=7", "METALLIC_LINGER=0s", "METALLIC_QUEUE_DEPTH=0", "METALLIC_IN_PLACE_BYTES=4194304")
	require.Equal(t, policy.Prefs{SmallNMaxN: 8, SIMDMMin: 7, SIMDNMin: 24, SoftmaxVecMaxCols: 1024}, *c.Prefs)
	require.Zero(t, c.Linger)
	require.Zero(t, c.QueueDepth)
	require.Zero(t, c.InPlaceBytes, "the default")

	// What a program put in the place of Prefs is meant as it stands.
	c = ours(t, "METALLIC_PROFILE="+path)
	prefs := policy.DefaultPrefs()
	c.Prefs = &prefs
	c, err := c.Tuned(info)
	require.NoError(t, err)
	require.Equal(t, policy.DefaultPrefs(), *c.Prefs)
}

func TestStaleTuningIsSaidAndNotUsed(t *testing.T) {
	d := deep()
	stale := measured(d.Info())
	stale.Machine.Device, stale.Machine.Program = "another device", "v0.0.1"
	var log bytes.Buffer
	s, err := Open(context.Background(), Config{Device: d, Tuning: stale, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	used, err := s.Tuning()
	require.False(t, used)
	var why *profile.StaleError
	require.ErrorAs(t, err, &why)
	require.Len(t, why.Differences, 2)
	require.Contains(t, log.String(), "level=WARN")
	require.Contains(t, log.String(), "NOT USED")
	require.Contains(t, log.String(), "another device")
	require.Equal(t, policy.DefaultPrefs(), s.Prefs())
	require.Zero(t, s.cfg.Linger)
	require.Zero(t, s.cfg.QueueDepth)
	costs, err := s.costs(d.Info())
	require.NoError(t, err)
	require.Empty(t, costs.Corrections())
	require.NoError(t, s.Close(context.Background()))
	require.NoError(t, d.Close())
}

func TestQueueDepthIsTheDevicesAtMost(t *testing.T) {
	d := deep()
	_, err := Open(context.Background(), Config{Device: d, QueueDepth: 4})
	var wrong *ConfigError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, "QueueDepth", wrong.Field)
	require.ErrorContains(t, err, "1 to 3")
	require.NoError(t, d.Close())
}

// A run that started from a profile replays as it was: the trace has what the
// cost model knew.
func TestTunedTraceReplays(t *testing.T) {
	d := sim.Open(sim.Config{Launch: 50 * time.Microsecond, QueueDepth: 3})
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	recorder, err := metrics.OpenJSONL(path, 1<<12)
	require.NoError(t, err)
	s, err := Open(context.Background(), Config{
		Device: d, Tuning: measured(d.Info()), Recorder: recorder, CloseRecorder: true, Trace: true,
	})
	require.NoError(t, err)
	w, err := s.Load(tensor.Matrix(make([]float32, 64*64), 64, 64))
	require.NoError(t, err)
	var jobs []job.Job
	for range 40 {
		jobs = append(jobs, &job.Matmul{A: w.View(), B: tensor.Vector(make([]float32, 64)), C: tensor.Vector(make([]float32, 64))})
	}
	require.NoError(t, s.DoAll(context.Background(), jobs))
	require.NoError(t, s.Close(context.Background()))
	require.NoError(t, d.Close())

	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	traces, err := metrics.ReadTraces(file)
	require.NoError(t, err)
	require.Len(t, traces[0].Setup.Costs, 1)
	require.Equal(t, 2, traces[0].Setup.QueueDepth)
	result, err := Replay(&traces[0], traces[0].Setup)
	require.NoError(t, err)
	require.Empty(t, result.Differences)
}

// A profile's t(N) decides how long it is worth waiting for companions, from
// the first job on.
func TestLingersNoLongerThanACompanionSaves(t *testing.T) {
	took := func(tuning func(*sim.Device) *profile.Profile) (elapsed time.Duration) {
		Bubble(t, func(t *testing.T) {
			d := sim.Open(sim.Config{Launch: 100 * time.Microsecond})
			s, err := Open(context.Background(), Config{Device: d, Linger: time.Second, Tuning: tuning(d)})
			require.NoError(t, err)
			w, err := s.Load(tensor.Matrix(make([]float32, 64*64), 64, 64))
			require.NoError(t, err)
			start := time.Now()
			require.NoError(t, s.Do(context.Background(), &job.Matmul{
				A: w.View(), B: tensor.Vector(make([]float32, 64)), C: tensor.Vector(make([]float32, 64)),
			}))
			elapsed = time.Since(start)
			require.NoError(t, s.Close(context.Background()))
			require.NoError(t, d.Close())
		})
		return elapsed
	}
	require.Equal(t, time.Second+100*time.Microsecond, took(func(*sim.Device) *profile.Profile { return nil }))
	waited := took(func(d *sim.Device) *profile.Profile {
		m := policy.NewCostModel(priorOf(d.Info()))
		w := policy.Work{Family: kernels.FamilySmallN, A: tensor.F32, B: tensor.F32, C: tensor.F32, Shape: kernels.Shape{Batch: 1, M: 64, N: 1, K: 64}}
		for _, n := range []int{1, 2, 4, 8} {
			for range 8 {
				m.Observe(w.Widen(n), 100*time.Microsecond)
			}
		}
		return &profile.Profile{Machine: profile.MachineOf(d.Info()), Costs: m.Corrections()}
	})
	require.InDelta(t, 200*time.Microsecond, waited, float64(20*time.Microsecond))
}
