package scheduler

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// ours is the Config of list, which must be right.
func ours(t *testing.T, list ...string) Config {
	t.Helper()
	cfg, err := fromEnviron(list, &bytes.Buffer{})
	require.NoError(t, err)
	return cfg
}

func TestEnvDefaults(t *testing.T) {
	unset := []string{"HOME=/root", "PATH=", "METALLIC", "metallic_device=sim", "NOT_METALLIC_DEVICE=x", ""}
	for _, name := range envNames() {
		unset = append(unset, name+"=")
	}
	for _, list := range [][]string{nil, unset, append(unset, "METALLIC_UNKNOWN=")} {
		cfg := ours(t, list...)
		require.Equal(t, policy.DefaultPrefs(), *cfg.Prefs)
		require.Equal(t, "auto", cfg.DeviceName)
		require.False(t, cfg.Profile)
		require.Nil(t, cfg.Recorder)
		require.False(t, cfg.CloseRecorder)
		require.False(t, cfg.Logger.Enabled(context.Background(), slog.LevelDebug))
		require.True(t, cfg.Logger.Enabled(context.Background(), slog.LevelInfo))
	}
}

func TestEnvTheLastOfSeveralCounts(t *testing.T) {
	require.Equal(t, "cpu", ours(t, "METALLIC_DEVICE=sim", "METALLIC_DEVICE=cpu").DeviceName)
	require.Equal(t, "auto", ours(t, "METALLIC_DEVICE=sim", "METALLIC_DEVICE=").DeviceName)
}

func TestEnvValues(t *testing.T) {
	read := map[string]func(Config) any{
		"METALLIC_DEVICE":               func(c Config) any { return c.DeviceName },
		"METALLIC_BLAS":                 func(c Config) any { return c.BLAS },
		"METALLIC_METAL_LIBRARY":        func(c Config) any { return c.Metal },
		"METALLIC_MATMUL_BACKEND":       func(c Config) any { return c.Prefs.MatmulBackend.String() },
		"METALLIC_MATMUL_SMALLN_MAX_N":  func(c Config) any { return c.Prefs.SmallNMaxN },
		"METALLIC_MATMUL_SIMD_M_MIN":    func(c Config) any { return c.Prefs.SIMDMMin },
		"METALLIC_MATMUL_SIMD_N_MIN":    func(c Config) any { return c.Prefs.SIMDNMin },
		"METALLIC_MATMUL_FORCE_SMALLN":  func(c Config) any { return c.Prefs.ForceSmallN },
		"METALLIC_SOFTMAX_BACKEND":      func(c Config) any { return c.Prefs.SoftmaxBackend.String() },
		"METALLIC_SOFTMAX_VEC_MAX_COLS": func(c Config) any { return c.Prefs.SoftmaxVecMaxCols },
		"METALLIC_QUEUE_DEPTH":          func(c Config) any { return c.QueueDepth },
		"METALLIC_LINGER":               func(c Config) any { return c.Linger },
		"METALLIC_IN_PLACE_BYTES":       func(c Config) any { return c.InPlaceBytes },
		"METALLIC_EXP_KERNELS":          func(c Config) any { return c.Prefs.Experimental },
		"METALLIC_ENABLE_PROFILING":     func(c Config) any { return c.Profile },
		"METALLIC_METRICS_CONSOLE":      func(c Config) any { return c.Recorder != nil && c.CloseRecorder },
		"METALLIC_LOG_LEVEL":            lowestLevel,
	}
	allowed := map[string]map[string]any{
		"METALLIC_DEVICE":        {"auto": "auto", "cpu": "cpu", "sim": "sim", "metal": "metal", "cuda": "cuda", "CUDA": "cuda"},
		"METALLIC_METAL_LIBRARY": {"simulated": "simulated"},
		"METALLIC_BLAS":          {"none": "none", "libopenblas.so.0": "libopenblas.so.0", "/opt/My BLAS/lib.so": "/opt/My BLAS/lib.so"},
		"METALLIC_MATMUL_BACKEND": {
			"auto": "auto", "mlx": "mlx", "mps": "mps", "gemv": "gemv", "legacy_gemv": "gemv",
			"MLX": "mlx", "Legacy_GEMV": "gemv",
		},
		"METALLIC_MATMUL_SMALLN_MAX_N":  {"0": 0, "1": 1, "8": 8, "16": 16},
		"METALLIC_MATMUL_SIMD_M_MIN":    {"0": 0, "64": 64, "1000000": 1000000},
		"METALLIC_MATMUL_SIMD_N_MIN":    {"0": 0, "16": 16, "1000000": 1000000},
		"METALLIC_MATMUL_FORCE_SMALLN":  truths,
		"METALLIC_SOFTMAX_BACKEND":      {"auto": "auto", "vec": "vec", "block": "block", "Vec": "vec"},
		"METALLIC_SOFTMAX_VEC_MAX_COLS": {"0": 0, "1024": 1024, "8192": 8192},
		"METALLIC_QUEUE_DEPTH":          {"0": 0, "1": 1, "3": 3},
		"METALLIC_LINGER":               {"0s": time.Duration(0), "0": time.Duration(0), "200us": 200 * time.Microsecond, "1.5ms": 1500 * time.Microsecond},
		"METALLIC_IN_PLACE_BYTES":       {"0": 1, "1": 1, "65536": 65536, "4194304": 0},
		"METALLIC_EXP_KERNELS":          truths,
		"METALLIC_ENABLE_PROFILING":     truths,
		"METALLIC_METRICS_CONSOLE":      truths,
		"METALLIC_LOG_LEVEL":            {"debug": "DEBUG", "info": "INFO", "warn": "WARN", "error": "ERROR", "WARN": "WARN"},
	}
	require.Len(t, allowed, len(envNames())-3, "METALLIC_METRICS_JSONL_PATH, METALLIC_TRACE and METALLIC_PROFILE have their own tests")
	for name, values := range allowed {
		for value, want := range values {
			cfg := ours(t, name+"="+value)
			require.Equal(t, want, read[name](cfg), "%s=%s", name, value)
			if cfg.Recorder != nil {
				require.NoError(t, cfg.Recorder.(metrics.Multi).Close(context.Background()))
			}
		}
	}
}

var truths = map[string]any{
	"1": true, "true": true, "yes": true, "on": true, "TRUE": true, "Yes": true,
	"0": false, "false": false, "no": false, "off": false, "OFF": false,
}

func lowestLevel(c Config) any {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if c.Logger.Enabled(context.Background(), l) {
			return l.String()
		}
	}
	return "none"
}

func TestEnvMalformedValues(t *testing.T) {
	notTruthy := []string{"2", "y", "enabled", "TRUE ", "-1"}
	notNumber := []string{"-1", "x", "8.0", " 8", "0x8", "99999999999999999999"}
	for name, values := range map[string][]string{
		"METALLIC_DEVICE":               {"gpu", "cpu,cpu:0", "cpu,", "auto,cpu", "cuda:x", "sim:3-1", "auto:0", " cpu"},
		"METALLIC_METAL_LIBRARY":        {"fake", "Simulated", "/usr/lib/x"},
		"METALLIC_MATMUL_BACKEND":       {"simd", "gemv2", " mlx"},
		"METALLIC_MATMUL_SMALLN_MAX_N":  append(notNumber, "17", "32"),
		"METALLIC_MATMUL_SIMD_M_MIN":    notNumber,
		"METALLIC_MATMUL_SIMD_N_MIN":    notNumber,
		"METALLIC_MATMUL_FORCE_SMALLN":  notTruthy,
		"METALLIC_SOFTMAX_BACKEND":      {"legacy", "vector", "mlx"},
		"METALLIC_SOFTMAX_VEC_MAX_COLS": notNumber,
		"METALLIC_QUEUE_DEPTH":          notNumber,
		"METALLIC_LINGER":               {"-1ms", "200", "soon"},
		"METALLIC_IN_PLACE_BYTES":       notNumber,
		"METALLIC_PROFILE":              {"/nowhere/at/all", t.TempDir()},
		"METALLIC_EXP_KERNELS":          notTruthy,
		"METALLIC_LOG_LEVEL":            {"trace", "INFO+2", "0", "warning"},
		"METALLIC_METRICS_JSONL_PATH":   {"/nowhere/at/all", t.TempDir()},
		"METALLIC_TRACE":                notTruthy,
		"METALLIC_METRICS_CONSOLE":      notTruthy,
		"METALLIC_ENABLE_PROFILING":     notTruthy,
	} {
		for _, value := range values {
			cfg, err := fromEnviron([]string{name + "=" + value}, &bytes.Buffer{})
			require.Zero(t, cfg)
			var wrong *EnvError
			require.ErrorAs(t, err, &wrong, "%s=%s", name, value)
			require.Len(t, wrong.Problems, 1)
			p := wrong.Problems[0]
			require.Equal(t, []string{name, value}, []string{p.Name, p.Value})
			require.ErrorContains(t, err, p.Allowed)
			require.NotEmpty(t, p.Allowed)
		}
	}
}

// What the messages say is allowed is allowed.
func TestEnvAllowedNames(t *testing.T) {
	for f := range reflect.TypeFor[environment]().Fields() {
		name, allowed := f.Tag.Get("env"), f.Tag.Get("allowed")
		require.NotEmpty(t, allowed, name)
		allowed = strings.NewReplacer(" (also ", ", ", ")", "").Replace(allowed)
		if strings.HasPrefix(allowed, "a ") {
			continue // a sentence, not names
		}
		for value := range strings.SplitSeq(allowed, ", ") {
			_, problems := parseEnvironment(map[string]string{name: value})
			require.Empty(t, problems, "%s=%s", name, value)
		}
	}
	device, _ := reflect.TypeFor[environment]().FieldByName("Device")
	require.Equal(t, discover.NameSyntax, device.Tag.Get("allowed"))
}

func TestEnvErrorNamesEachBadVariable(t *testing.T) {
	_, err := fromEnviron([]string{
		"METALLIC_MATMUL_BACKED=mlx",
		"METALLIC_LOG_LEVEL=loud",
		"METALLIC_DEVICE=sim",
		"METALLIC_MATMUL_SMALLN_MAX_N=17",
		"METALLIC_METRICS_JSONL_PATH=/nowhere/decisions.jsonl",
		"METALLIC_METRICS_CONSOLE=1",
		"METALLIC_COLOUR_OF_THE_SKY=blue",
		"METALLIC_MATMUL_BACKEND=fast",
	}, &bytes.Buffer{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualError(t, err, strings.Join([]string{
		`scheduler: environment:`,
		`METALLIC_MATMUL_BACKEND is "fast"; allowed: auto, mlx, mps, gemv (also legacy_gemv)`,
		`METALLIC_MATMUL_SMALLN_MAX_N is "17"; allowed: a whole number from 0 to 16`,
		`METALLIC_LOG_LEVEL is "loud"; allowed: debug, info, warn, error`,
		`METALLIC_COLOUR_OF_THE_SKY ("blue") is not a known variable`,
		`METALLIC_MATMUL_BACKED ("mlx") is not a known variable; did you mean METALLIC_MATMUL_BACKEND?`,
		`METALLIC_METRICS_JSONL_PATH is "/nowhere/decisions.jsonl"; allowed: a file that can be created or appended to` +
			` (metrics: open /nowhere/decisions.jsonl: no such file or directory)`,
		`known variables: METALLIC_DEVICE, METALLIC_BLAS, METALLIC_METAL_LIBRARY, METALLIC_PROFILE, METALLIC_MATMUL_BACKEND, METALLIC_MATMUL_SMALLN_MAX_N,` +
			` METALLIC_MATMUL_SIMD_M_MIN, METALLIC_MATMUL_SIMD_N_MIN, METALLIC_MATMUL_FORCE_SMALLN,` +
			` METALLIC_SOFTMAX_BACKEND, METALLIC_SOFTMAX_VEC_MAX_COLS, METALLIC_EXP_KERNELS, METALLIC_QUEUE_DEPTH, METALLIC_LINGER, METALLIC_IN_PLACE_BYTES, METALLIC_LOG_LEVEL, METALLIC_METRICS_JSONL_PATH,` +
			` METALLIC_TRACE, METALLIC_METRICS_CONSOLE, METALLIC_ENABLE_PROFILING,` +
			` METALLIC_CLANG, METALLIC_CACHE_DIR, METALLIC_CUDA_DRIVER, METALLIC_CUDA_NVRTC, METALLIC_CUDA_CUBLAS,` +
			` METALLIC_SERVE_LISTEN, METALLIC_SERVE_ADMIN, METALLIC_SERVE_TLS_CERT, METALLIC_SERVE_TLS_KEY, METALLIC_SERVE_CLIENT_CA,` +
			` METALLIC_SERVE_TOKENS, METALLIC_SERVE_DRAIN, METALLIC_SERVE_MAX_CONNECTIONS, METALLIC_SERVE_OPERANDS, METALLIC_SERVE_JOBS,` +
			` METALLIC_SERVE_BYTES, METALLIC_SERVE_TENANT_JOBS, METALLIC_SERVE_TENANT_BYTES, METALLIC_SERVE_TENANT_OPERAND_BYTES,` +
			` METALLIC_SERVE_DEVICE, METALLIC_SERVE_LOG_FORMAT`,
	}, "\n\t"))
}

func TestEnvNearest(t *testing.T) {
	for name, want := range map[string]string{
		"METALLIC_DEVICES":        "METALLIC_DEVICE",
		"METALLIC_SMALLN_MAX_N":   "METALLIC_MATMUL_SMALLN_MAX_N",
		"METALLIC_LOGLEVEL":       "METALLIC_LOG_LEVEL",
		"METALLIC_SIMD_N_MIN":     "METALLIC_MATMUL_SIMD_N_MIN",
		"METALLIC_BANANA":         "",
		"METALLIC_":               "",
		"METALLIC_MATMUL_BACKEND": "METALLIC_MATMUL_BACKEND",
	} {
		require.Equal(t, want, nearest(name, envNames()), name)
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}} {
		require.Equal(t, c.want, edits(c.a, c.b), "%s %s", c.a, c.b)
	}
}

func TestFromEnvReadsTheEnvironment(t *testing.T) {
	t.Setenv("METALLIC_MATMUL_SMALLN_MAX_N", "4")
	cfg, err := FromEnv()
	require.NoError(t, err)
	require.Equal(t, 4, cfg.Prefs.SmallNMaxN)

	t.Setenv("METALLIC_NOISE", "1")
	_, err = FromEnv()
	require.ErrorContains(t, err, "METALLIC_NOISE")
}

func TestEnvMissingDeviceIsAnErrorOfOpen(t *testing.T) {
	_, err := Open(context.Background(), ours(t, "METALLIC_DEVICE=metal"))
	require.ErrorIs(t, err, device.ErrUnavailable)
}

// The whole way: the environment forces the backend and names the files.
func TestEnvForcesBackendAndRecords(t *testing.T) {
	for backend, want := range map[string]string{"auto": "smalln", "mlx": "mlx", "mps": "mps", "legacy_gemv": "gemv"} {
		path := filepath.Join(t.TempDir(), "decisions.jsonl")
		var stderr bytes.Buffer
		cfg, err := fromEnviron([]string{
			"METALLIC_DEVICE=sim", "METALLIC_MATMUL_BACKEND=" + backend,
			"METALLIC_METRICS_JSONL_PATH=" + path, "METALLIC_METRICS_CONSOLE=yes",
		}, &stderr)
		require.NoError(t, err)
		s, err := Open(context.Background(), cfg)
		require.NoError(t, err)
		m := &job.Matmul{
			A: tensor.Matrix(make([]float32, 64*32), 64, 32),
			B: tensor.Vector(make([]float32, 32)),
			C: tensor.Vector(make([]float32, 64)),
		}
		require.NoError(t, s.Do(context.Background(), m))
		require.NoError(t, s.Close(context.Background()))

		lines, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, 1, bytes.Count(lines, []byte("\n")), "%s", lines)
		require.Contains(t, string(lines), `"backend":"`+want+`"`)
		require.Contains(t, stderr.String(), want, "the console line")
	}
}

func TestEnvTrace(t *testing.T) {
	for value, want := range truths {
		path := filepath.Join(t.TempDir(), "trace.jsonl")
		cfg := ours(t, "METALLIC_TRACE="+value, "METALLIC_METRICS_JSONL_PATH="+path, "METALLIC_DEVICE=sim")
		require.Equal(t, want, cfg.Trace)
		s, err := Open(context.Background(), cfg)
		require.NoError(t, err)
		require.NoError(t, s.Close(context.Background()))
		lines, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, strings.Contains(string(lines), `"kind":"trace"`))
	}
	_, err := fromEnviron([]string{"METALLIC_TRACE=1"}, &bytes.Buffer{})
	require.EqualError(t, err, "scheduler: environment:\n\t"+
		"METALLIC_METRICS_JSONL_PATH is not set; allowed: a file that can be created or appended to (METALLIC_TRACE writes there)")
}

func TestEnvLogger(t *testing.T) {
	var stderr bytes.Buffer
	cfg, err := fromEnviron([]string{"METALLIC_LOG_LEVEL=warn"}, &stderr)
	require.NoError(t, err)
	cfg.Logger.Info("quiet")
	cfg.Logger.Warn("loud", "n", 1)
	require.NotContains(t, stderr.String(), "quiet")
	require.Contains(t, stderr.String(), "msg=loud n=1")
}

// Variables that others read are no mistake, but those that nobody reads are.
func TestEnvReadElsewhere(t *testing.T) {
	var set []string
	for _, name := range slices.Concat(deviceVariables, serveVariables) {
		require.NotContains(t, envNames(), name)
		set = append(set, name+"=x")
	}
	require.Equal(t, "auto", ours(t, set...).DeviceName, "METALLIC_SERVE_DEVICE is serve's")
	_, err := fromEnviron([]string{"METALLIC_SERVE_LISTENS=x"}, &bytes.Buffer{})
	require.ErrorContains(t, err, "did you mean METALLIC_SERVE_LISTEN?")
	_, err = fromEnviron([]string{"METALLIC_SERVE_=x"}, &bytes.Buffer{})
	require.ErrorContains(t, err, "METALLIC_SERVE_")
}

func TestEnvSettings(t *testing.T) {
	t.Setenv("METALLIC_DEVICE", "sim")
	t.Setenv("METALLIC_LOG_LEVEL", "")
	t.Setenv("METALLIC_CACHE_DIR", "/var/cache/kernels")
	list, err := EnvSettings()
	require.NoError(t, err)
	var names []string
	for _, s := range list {
		names = append(names, s.Name)
	}
	require.Equal(t, slices.Concat(envNames(), deviceVariables), names)
	require.Contains(t, list, EnvSetting{"METALLIC_CACHE_DIR", "/var/cache/kernels", true})
	require.Contains(t, list, EnvSetting{"METALLIC_CUDA_DRIVER", "", false})
	require.Equal(t, EnvSetting{"METALLIC_DEVICE", "sim", true}, list[0])
	require.Contains(t, list, EnvSetting{"METALLIC_LOG_LEVEL", "INFO", false})
	t.Setenv("METALLIC_TRACE", "perhaps")
	_, err = EnvSettings()
	require.ErrorContains(t, err, "METALLIC_TRACE")
}
