package scheduler

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v10"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// environment is what the METALLIC_ variables say. Each field has its
// variable, and what to print when the value is not allowed.
type environment struct {
	Device deviceName `env:"METALLIC_DEVICE" allowed:"auto, metal, cuda, cpu, sim (also cuda:1, cuda:0,cuda:1, cuda:0-3, cuda:all)"`
	BLAS   string     `env:"METALLIC_BLAS" allowed:"a library's file name or path, or none"`
	Metal  metal      `env:"METALLIC_METAL_LIBRARY" allowed:"simulated"`

	Tuning string `env:"METALLIC_PROFILE" allowed:"a file that metallic-sched tune wrote"`

	MatmulBackend policy.MatmulBackend `env:"METALLIC_MATMUL_BACKEND" allowed:"auto, mlx, mps, gemv (also legacy_gemv)"`
	SmallNMaxN    smallN               `env:"METALLIC_MATMUL_SMALLN_MAX_N" allowed:"a whole number from 0 to 16"`
	SIMDMMin      minimum              `env:"METALLIC_MATMUL_SIMD_M_MIN" allowed:"a whole number, at least 0"`
	SIMDNMin      minimum              `env:"METALLIC_MATMUL_SIMD_N_MIN" allowed:"a whole number, at least 0"`
	ForceSmallN   truthy               `env:"METALLIC_MATMUL_FORCE_SMALLN" allowed:"1, true, yes, on, 0, false, no, off"`

	SoftmaxBackend policy.SoftmaxBackend `env:"METALLIC_SOFTMAX_BACKEND" allowed:"auto, vec, block"`
	SoftmaxVecMax  minimum               `env:"METALLIC_SOFTMAX_VEC_MAX_COLS" allowed:"a whole number, at least 0"`
	Experimental   truthy                `env:"METALLIC_EXP_KERNELS" allowed:"1, true, yes, on, 0, false, no, off"`

	QueueDepth minimum  `env:"METALLIC_QUEUE_DEPTH" allowed:"a whole number, at least 1; 0 for what the device says"`
	Linger     duration `env:"METALLIC_LINGER" allowed:"a time such as 200us, at least 0"`

	InPlace minimum `env:"METALLIC_IN_PLACE_BYTES" allowed:"a whole number of bytes, at least 0"`

	LogLevel  logLevel `env:"METALLIC_LOG_LEVEL" allowed:"debug, info, warn, error"`
	JSONLPath string   `env:"METALLIC_METRICS_JSONL_PATH" allowed:"a file that can be created or appended to"`
	Trace     truthy   `env:"METALLIC_TRACE" allowed:"1, true, yes, on, 0, false, no, off"`
	Console   truthy   `env:"METALLIC_METRICS_CONSOLE" allowed:"1, true, yes, on, 0, false, no, off"`
	Profile   truthy   `env:"METALLIC_ENABLE_PROFILING" allowed:"1, true, yes, on, 0, false, no, off"`
}

// recorded is how many decisions may wait to be written; it bounds memory to
// a few megabytes and outlasts a slow disk for many batches.
const recorded = 8192

// traced is the same for traces, which have a few records for every job and
// are of no use without all of them.
const traced = 1 << 17

// FromEnv returns the Config that the METALLIC_ variables of the environment
// ask for; an empty variable counts as unset. An unknown variable, or a value
// that is not allowed, is an error; the error is then an *EnvError that lists
// every one of them. A backend or device that this machine lacks is an error
// of [Open], not of FromEnv.
//
// With METALLIC_METRICS_JSONL_PATH or METALLIC_METRICS_CONSOLE the Config has
// a Recorder that [Scheduler.Close] closes. With METALLIC_PROFILE it has the
// profile as its Tuning, which counts where no variable does.
func FromEnv() (Config, error) { return fromEnviron(os.Environ(), os.Stderr) }

// fromEnviron is FromEnv for the variables listed as name=value. Log and
// console metrics go to stderr.
func fromEnviron(list []string, stderr io.Writer) (Config, error) {
	vars := variables(list)
	e, problems := parseEnvironment(vars)
	tuning, err := e.tuning()
	if err != nil {
		problems = append(problems, problemOf("Tuning", vars, err))
	}
	recorders, err := e.recorders(stderr)
	if err != nil {
		problems = append(problems, problemOf("JSONLPath", vars, err))
	}
	if e.Trace && e.JSONLPath == "" {
		problems = append(problems, problemOf("JSONLPath", vars, errTraceNowhere))
	}
	if len(problems) > 0 {
		_ = recorders.Close(context.Background()) // nothing was recorded
		return Config{}, &EnvError{problems}
	}
	cfg := e.config(stderr)
	cfg.Tuning, cfg.decided = tuning, &decided{cfg.Prefs, slices.Collect(maps.Keys(vars))}
	if len(recorders) > 0 {
		cfg.Recorder, cfg.CloseRecorder = recorders, true
	}
	return cfg, nil
}

var errTraceNowhere = errors.New("METALLIC_TRACE writes there")

// variables returns those of ours that are set to something.
func variables(list []string) map[string]string {
	vars := map[string]string{}
	for _, entry := range list {
		name, value, _ := strings.Cut(entry, "=")
		delete(vars, name) // the last of several counts
		if strings.HasPrefix(name, envPrefix) && value != "" {
			vars[name] = value
		}
	}
	return vars
}

// parseEnvironment fills in defaults and lists what is wrong with vars, in the
// order of the fields, then the unknown names.
func parseEnvironment(vars map[string]string) (environment, []EnvProblem) {
	prefs := policy.DefaultPrefs()
	e := environment{
		Device:        discover.Auto,
		SmallNMaxN:    smallN(prefs.SmallNMaxN),
		SIMDMMin:      minimum(prefs.SIMDMMin),
		SIMDNMin:      minimum(prefs.SIMDNMin),
		SoftmaxVecMax: minimum(prefs.SoftmaxVecMaxCols),
		InPlace:       DefaultInPlaceBytes,
		LogLevel:      logLevel(slog.LevelInfo),
	}
	var problems []EnvProblem
	if err := env.ParseWithOptions(&e, env.Options{Environment: vars, FuncMap: parsers()}); err != nil {
		// Every field has a parser, so that only parsing can fail.
		for _, err := range err.(env.AggregateError).Errors {
			problems = append(problems, problemOf(err.(env.ParseError).Name, vars, nil))
		}
	}
	return e, append(problems, unknownVariables(vars)...)
}

// problemOf describes the wrong value of a field. cause may be nil.
func problemOf(field string, vars map[string]string, cause error) EnvProblem {
	f, _ := reflect.TypeFor[environment]().FieldByName(field)
	name := f.Tag.Get("env")
	return EnvProblem{Name: name, Value: vars[name], Allowed: f.Tag.Get("allowed"), Cause: cause}
}

// tuning loads the profile that e names.
func (e *environment) tuning() (*profile.Profile, error) {
	if e.Tuning == "" {
		return nil, nil
	}
	return profile.Load(e.Tuning)
}

// recorders opens what e says to record to.
func (e *environment) recorders(stderr io.Writer) (metrics.Multi, error) {
	var list metrics.Multi
	if e.JSONLPath != "" {
		capacity := recorded
		if e.Trace {
			capacity = traced
		}
		file, err := metrics.OpenJSONL(e.JSONLPath, capacity)
		if err != nil {
			return nil, err
		}
		list = append(list, file)
	}
	if e.Console {
		list = append(list, metrics.NewConsole(stderr, recorded))
	}
	return list, nil
}

// config returns e as a Config without recorders.
func (e *environment) config(stderr io.Writer) Config {
	prefs := policy.DefaultPrefs()
	prefs.MatmulBackend = e.MatmulBackend
	prefs.SmallNMaxN = int(e.SmallNMaxN)
	prefs.SIMDMMin, prefs.SIMDNMin = int(e.SIMDMMin), int(e.SIMDNMin)
	prefs.ForceSmallN = bool(e.ForceSmallN)
	prefs.SoftmaxBackend = e.SoftmaxBackend
	prefs.SoftmaxVecMaxCols = int(e.SoftmaxVecMax)
	prefs.Experimental = bool(e.Experimental)
	c := Config{
		DeviceName: string(e.Device),
		BLAS:       e.BLAS,
		Metal:      string(e.Metal),
		Prefs:      &prefs,
		QueueDepth: int(e.QueueDepth),
		Linger:     time.Duration(e.Linger),
		Logger:     slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.Level(e.LogLevel)})),
		Profile:    bool(e.Profile),
		Trace:      bool(e.Trace),
	}
	if e.InPlace != DefaultInPlaceBytes {
		c.InPlaceBytes = max(int(e.InPlace), 1) // a Config's 0 is the default
	}
	return c
}
