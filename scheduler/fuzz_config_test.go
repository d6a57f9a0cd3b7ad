package scheduler

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// FuzzEnvironment reads environments, a variable a line. What is wrong is an
// *EnvError that names it; what is accepted is a Config that is right.
func FuzzEnvironment(f *testing.F) {
	for _, name := range envNames() {
		for _, value := range []string{"1", "auto", "-1", "ON", " on", "99999999999999999999", "0x10", "é\x00", "none", "="} {
			f.Add(name + "=" + value)
		}
	}
	f.Add("METALLIC_=1\nMETALLIC=2\n=3\n\nmetallic_device=cpu\nMETALLIC_DEVICE")
	f.Add("METALLIC_DEVICE=abacus\nMETALLIC_DEVICE=\nMETALLIC_MATMUL_SMALLN_MAX_N=17\nMETALLIC_MATMUL_SMALL_MAX_N=3")
	f.Add("METALLIC_" + strings.Repeat("X", 5000) + "=" + strings.Repeat("y", 100_000))
	f.Fuzz(func(t *testing.T, text string) {
		var list []string
		for _, line := range strings.Split(text, "\n") {
			if !strings.HasPrefix(line, "METALLIC_METRICS_JSONL_PATH=") { // it would be written
				list = append(list, line)
			}
		}
		cfg, err := fromEnviron(list, io.Discard)
		if err != nil {
			var wrong *EnvError
			require.ErrorAs(t, err, &wrong)
			require.NotEmpty(t, wrong.Problems)
			for _, p := range wrong.Problems {
				require.True(t, strings.HasPrefix(p.Name, envPrefix), p.Name)
				require.Contains(t, err.Error(), p.Name)
			}
			require.Equal(t, Config{}, cfg)
			return
		}
		cfg = cfg.withDefaults()
		require.NoError(t, cfg.validate())
		if c, ok := cfg.Recorder.(interface{ Close(context.Context) error }); ok {
			require.NoError(t, c.Close(context.Background()))
		}
	})
}

// FuzzConfig opens schedulers with any numbers. A refusal names the field;
// what is accepted does a job and closes.
func FuzzConfig(f *testing.F) {
	const most = math.MaxInt64
	f.Add("sim", int64(0), int64(0), int64(0), int64(0), int64(0), int64(0), 0.0, uint8(0), uint8(0))
	f.Add("auto", int64(most), int64(most), int64(most), int64(most), int64(most), int64(most), 1.0, uint8(1), uint8(1))
	f.Add("cpu", int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), 0.5, uint8(2), uint8(2))
	f.Add("cpu", int64(1), int64(2), int64(3), int64(most/2+1), int64(2), int64(16), 1.0, uint8(0), uint8(9))
	for _, bad := range []int64{-1, math.MinInt64} {
		f.Add("abacus", bad, int64(1), int64(1), int64(1), int64(1), int64(1), 0.5, uint8(0), uint8(0))
		f.Add("sim", int64(1), bad, int64(1), int64(1), int64(1), int64(1), 0.5, uint8(0), uint8(0))
		f.Add("sim", int64(1), int64(1), bad, int64(1), int64(1), int64(1), math.NaN(), uint8(0), uint8(0))
		f.Add("sim", int64(1), int64(1), int64(1), bad, int64(1), int64(1), math.Inf(1), uint8(0), uint8(0))
		f.Add("sim", int64(1), int64(1), int64(1), int64(1), bad, int64(1), -0.5, uint8(99), uint8(0))
		f.Add("sim", int64(1), int64(1), int64(1), int64(1), int64(1), bad, 0.5, uint8(0), uint8(99))
	}
	f.Fuzz(func(t *testing.T, name string, limit, columns, duration, coolOff, shards, number int64, fraction float64, matmul, softmax uint8) {
		prefs := policy.Prefs{
			MatmulBackend: policy.MatmulBackend(matmul), SoftmaxBackend: policy.SoftmaxBackend(softmax),
			SmallNMaxN: int(number), SIMDMMin: int(columns), SIMDNMin: int(limit), SoftmaxVecMaxCols: int(duration),
		}
		cfg := Config{
			DeviceName: name, Prefs: &prefs,
			Limits:     job.Limits{Jobs: limit, Bytes: limit, TenantJobs: number, TenantBytes: limit},
			MaxColumns: int(columns), MaxBatchTime: time.Duration(duration), AgeStep: time.Duration(duration),
			InPlaceBytes: int(number), KernelCache: int(columns), Shards: int(shards),
			Quarantine:       policy.QuarantineTuning{Failures: int(number), Window: time.Duration(duration), CoolOff: time.Duration(coolOff), MaxCoolOff: time.Duration(coolOff)},
			SampleInvariance: fraction, SampleSeed: uint64(limit),
		}
		if softmax%2 == 0 { // by name it may be any device that this machine has
			cfg.Device = sim.Open(sim.Config{})
		}
		s, err := Open(context.Background(), cfg)
		if err != nil {
			require.True(t, is[*ConfigError](err) || is[*policy.PrefError](err) || errors.Is(err, device.ErrUnavailable), "%v", err)
			return
		}
		x := tensor.Matrix([]float32{1, 2, 3, 4}, 2, 2)
		err = s.DoAll(context.Background(), []job.Job{
			&job.Matmul{A: x, B: x, C: tensor.Matrix(make([]float32, 4), 2, 2)},
			&job.Matmul{A: x, B: x, C: tensor.Matrix(make([]float32, 4), 2, 2)},
			&job.Softmax{X: x, Y: tensor.Matrix(make([]float32, 4), 2, 2)},
		})
		require.True(t, err == nil || errors.Is(err, job.ErrInvalid), "too large for the limits: %v", err)
		require.NoError(t, s.Close(context.Background()))
		require.True(t, s.Audit().Balances())
	})
}
