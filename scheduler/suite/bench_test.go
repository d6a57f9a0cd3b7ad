package suite_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

func BenchmarkMatmulDispatcher(b *testing.B)       { run(b, "matmul_dispatcher") }
func BenchmarkMatmulDispatcherSmalln(b *testing.B) { run(b, "matmul_dispatcher_smalln") }
func BenchmarkSoftmaxDispatcher(b *testing.B)      { run(b, "softmax_dispatcher") }
func BenchmarkMlxVsMps(b *testing.B)               { run(b, "mlx_vs_mps") }
func BenchmarkSdpa(b *testing.B)                   { run(b, "sdpa") }

// run runs a suite on the device that METALLIC_DEVICE names.
func run(b *testing.B, name string) {
	s, err := suite.Find(name)
	require.NoError(b, err)
	cfg, err := scheduler.FromEnv()
	require.NoError(b, err)
	settings, err := scheduler.EnvSettings()
	require.NoError(b, err)
	r, err := suite.Open(b.Context(), suite.Config{Scheduler: cfg, Slowest: 5 * time.Second})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, r.Close(context.Background())) })
	var set []string
	for _, s := range settings {
		if s.Set {
			set = append(set, s.Name)
		}
	}
	for _, c := range suite.Decided(s.Cases, set) {
		b.Run(c.Sub(), func(b *testing.B) { one(b, r, c) })
	}
}

// one checks a case and measures it.
func one(b *testing.B, r *suite.Runner, c suite.Case) {
	ready, err := r.Prepare(c.Work)
	skip(b, err)
	defer ready.Release()
	_, err = ready.Force(b.Context(), c.Backend)
	skip(b, err)
	_, err = ready.Check(b.Context())
	skip(b, err)
	for b.Loop() {
		if err := ready.Do(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	seconds := b.Elapsed().Seconds() / float64(b.N)
	if f := c.Work.Flops(); f > 0 {
		b.ReportMetric(f/seconds/1e9, "GFLOP/s")
	}
	b.ReportMetric(c.Work.Bytes()/seconds/1e9, "GB/s")
}

func skip(b *testing.B, err error) {
	var skip *suite.SkipError
	if errors.As(err, &skip) {
		b.Skip(skip.Why)
	}
	require.NoError(b, err)
}
