package scheduler

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func TestDefaults(t *testing.T) {
	c := Config{}.withDefaults()
	require.NoError(t, c.validate())
	require.Equal(t, "auto", c.DeviceName)
	require.Equal(t, policy.DefaultPrefs(), *c.Prefs)
	require.Equal(t, kernels.Default, c.Catalog)
	require.Equal(t, job.Limits{Jobs: 4_000_000, Bytes: 8 << 30}, c.Limits)
	require.Equal(t, 4096, c.MaxColumns)
	require.Equal(t, 50*time.Millisecond, c.MaxBatchTime)
	require.Equal(t, 100*time.Millisecond, c.AgeStep)
	require.Zero(t, c.InPlaceBytes, "the profile's, else 4 MiB")
	require.Equal(t, 10*time.Second, c.HangAfter)
	require.Equal(t, 512, c.KernelCache)
	require.Equal(t, max(1, runtime.GOMAXPROCS(0)/16), c.Shards)
	require.Zero(t, c.Linger)
	require.Equal(t, policy.DefaultQuarantineTuning(), c.Quarantine)
	require.Zero(t, c.SampleInvariance)
	c = Config{Quarantine: policy.QuarantineTuning{CoolOff: time.Hour}}.withDefaults()
	require.NoError(t, c.validate())
	require.Equal(t, time.Hour, c.Quarantine.MaxCoolOff)
	require.Nil(t, c.Recorder)
	require.False(t, c.Logger.Enabled(context.Background(), slog.LevelError))
}

func TestDefaultsKeepWhatIsSet(t *testing.T) {
	prefs := policy.Prefs{SmallNMaxN: 3}
	set := Config{
		DeviceName: "sim", Prefs: &prefs, Catalog: kernels.Catalog{}, Limits: job.Limits{Jobs: 1, Bytes: 2, TenantJobs: 3, TenantBytes: 4},
		MaxColumns: 5, MaxBatchTime: 6, AgeStep: 7, InPlaceBytes: -1, KernelCache: 8, Shards: 9, Linger: 10, HangAfter: 11, Logger: slog.Default(),
		Weights:          map[string]float64{"a": 11},
		Quarantine:       policy.QuarantineTuning{Failures: -1, Window: 11, CoolOff: 12, MaxCoolOff: 13},
		SampleInvariance: 0.5, SampleSeed: 14,
	}
	require.Equal(t, set, set.withDefaults())
}

// deaf takes decisions and events and forgets them.
type deaf struct{}

func (deaf) Record(*metrics.Decision) {}
func (deaf) Trace(*metrics.Event)     {}

func TestConfigErrors(t *testing.T) {
	for field, c := range map[string]Config{
		"DeviceName":            {DeviceName: "abacus"},
		"Quarantine.Window":     {Quarantine: policy.QuarantineTuning{Window: -1}},
		"Quarantine.CoolOff":    {Quarantine: policy.QuarantineTuning{CoolOff: -1}},
		"Quarantine.MaxCoolOff": {Quarantine: policy.QuarantineTuning{CoolOff: 2, MaxCoolOff: 1}},
		"Quarantine.Failures":   {Quarantine: policy.QuarantineTuning{Failures: 1001}},
		"Shards ":               {Shards: 1 << 40},
		"SampleInvariance":      {SampleInvariance: 1.5},
		"SampleInvariance ":     {SampleInvariance: 0.5, Trace: true, Recorder: deaf{}},
		"MaxColumns":            {MaxColumns: -1},
		"MaxBatchTime":          {MaxBatchTime: -1},
		"Linger":                {Linger: -1},
		"AgeStep":               {AgeStep: -1},
		"Shards":                {Shards: -1},
		"KernelCache":           {KernelCache: -1},
		"Limits.Jobs":           {Limits: job.Limits{Jobs: -1}},
		"Limits.Bytes":          {Limits: job.Limits{Bytes: -1}},
		"Limits.TenantJobs":     {Limits: job.Limits{TenantJobs: -1}},
		"Limits.TenantBytes":    {Limits: job.Limits{TenantBytes: -1}},
		`Weights["none"]`:       {Weights: map[string]float64{"one": 1, "none": 0}},
		`Weights["less"]`:       {Weights: map[string]float64{"less": -1}},
		`Weights["NaN"]`:        {Weights: map[string]float64{"NaN": math.NaN()}},
		`Weights["all"]`:        {Weights: map[string]float64{"all": math.Inf(1)}},
		`Weights["a"]`:          {Weights: map[string]float64{"b": 1e9, "a": 1e-9}},
	} {
		_, err := Open(context.Background(), c)
		var wrong *ConfigError
		require.ErrorAs(t, err, &wrong, field)
		require.Equal(t, strings.TrimSpace(field), wrong.Field)
		require.Contains(t, err.Error(), wrong.Got)
		require.Contains(t, err.Error(), wrong.Allowed)
	}
}

func TestPrefErrors(t *testing.T) {
	for field, p := range map[string]policy.Prefs{
		"SmallNMaxN":     {SmallNMaxN: 17},
		"SIMDMMin":       {SIMDMMin: -1},
		"MatmulBackend":  {MatmulBackend: policy.MatmulMPS},
		"SoftmaxBackend": {SoftmaxBackend: 99},
	} {
		d := sim.Open(sim.Config{Caps: kernels.Caps{SIMDWidth: 1, MaxThreadgroup: 1, VendorHelp: "install one"}})
		_, err := Open(context.Background(), Config{Device: d, Prefs: &p})
		var wrong *policy.PrefError
		require.ErrorAs(t, err, &wrong, field)
		require.Equal(t, field, wrong.Field)
		if p.MatmulBackend != policy.MatmulAuto {
			require.ErrorContains(t, err, "install one")
		}
		require.NoError(t, d.Close(), "it was not ours to close")
	}
}

func TestDeviceByName(t *testing.T) {
	for _, name := range discover.Names() {
		s, err := Open(context.Background(), Config{DeviceName: name})
		if errors.Is(err, device.ErrUnavailable) {
			require.NotContains(t, []string{"auto", "cpu", "sim"}, name)
			continue
		}
		require.NoError(t, err, name)
		require.True(t, s.home.Load().owned)
		if name == discover.Auto {
			require.NotEqual(t, "sim", s.Info().Backend)
		} else {
			require.Equal(t, name, s.Info().Backend)
		}
		d := s.home.Load().device
		require.NoError(t, s.Close(context.Background()))
		_, err = d.NewQueue()
		require.ErrorIs(t, err, device.ErrClosed, "%s is ours to close", name)
	}
}

func decodeStep(n int) kernels.Problem {
	return kernels.Problem{
		Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: 1, M: 64, N: n, K: 64}, A: tensor.F32, B: tensor.F32, C: tensor.F32,
	}
}

// A library that is named is there, or Open fails: where it is used, and where
// it will be if the device is lost.
func TestWrongBLAS(t *testing.T) {
	missing := Config{BLAS: "/nowhere/libblas.so"}
	cpu, fallback, unused := missing, missing, missing
	cpu.DeviceName = "cpu"
	fallback.DeviceName, fallback.Fallback = "sim", true
	unused.DeviceName = "sim"
	for _, c := range []Config{cpu, fallback} {
		_, err := Open(t.Context(), c)
		var wrong *blas.LibraryError
		require.ErrorAs(t, err, &wrong)
		require.ErrorContains(t, err, `"/nowhere/libblas.so", which cannot be used: `)
	}
	s, err := Open(t.Context(), unused)
	require.NoError(t, err)
	require.NoError(t, s.Close(t.Context()))
}

func TestWarmCompilesBeforeOpenReturns(t *testing.T) {
	d := sim.Open(sim.Config{})
	s, err := Open(context.Background(), Config{Device: d, Warm: []kernels.Problem{
		decodeStep(1), decodeStep(1), decodeStep(100),
		{Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: 1, M: 1, N: 100}, A: tensor.F32, B: tensor.F32, C: tensor.F32},
	}})
	require.NoError(t, err)
	require.EqualValues(t, 5+1+1, d.Compiles(), "batches of small-N jobs grow through all five buckets")
	for _, n := range []int{1, 3, 8, 100} {
		x, y := tensor.Matrix(make([]float32, 64*n), 64, n), tensor.Matrix(make([]float32, 64*n), 64, n)
		require.NoError(t, s.Do(context.Background(), &job.Matmul{A: tensor.Matrix(make([]float32, 64*64), 64, 64), B: x, C: y}))
	}
	require.NoError(t, s.Do(context.Background(), &job.Softmax{X: tensor.Matrix(make([]float32, 100), 1, 100)}))
	require.EqualValues(t, 7, d.Compiles())
	require.Equal(t, d.Compiles(), int64(s.KernelCache().Misses))
	require.NoError(t, s.Close(context.Background()))
}

func TestWarmErrors(t *testing.T) {
	boom := errors.New("boom")
	bad := decodeStep(1)
	bad.C = tensor.BF16
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx     context.Context
		problem kernels.Problem
		compile error
		is      func(error) bool
	}{
		"context":     {cancelled, decodeStep(1), nil, func(err error) bool { return errors.Is(err, context.Canceled) }},
		"compiler":    {context.Background(), decodeStep(1), boom, func(err error) bool { return errors.Is(err, boom) }},
		"types":       {context.Background(), bad, nil, is[*policy.TypesError]},
		"unsupported": {context.Background(), kernels.Problem{Op: kernels.OpSoftmax, A: 99, B: 99, C: 99}, nil, is[*policy.UnsupportedError]},
		"no such op":  {context.Background(), kernels.Problem{}, nil, func(err error) bool { return err != nil }},
	} {
		d := sim.Open(sim.Config{CompileError: func(kernels.Key) error { return c.compile }})
		_, err := Open(c.ctx, Config{Device: d, Warm: []kernels.Problem{c.problem}})
		require.True(t, c.is(err), "%s: %v", name, err)
		require.ErrorContains(t, err, "warm-up", name)
		require.NoError(t, d.Close())
	}
}

func is[E error](err error) bool {
	var as E
	return errors.As(err, &as)
}
