package scheduler

import (
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v10"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// The types of environment fields that only a certain text may set.
type (
	deviceName string
	metal      string
	smallN     int
	minimum    int
	truthy     bool
	duration   time.Duration
	logLevel   slog.Level
)

// parsers returns how the fields of environment are read. It is made for each
// use because the env package adds to it.
func parsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[policy.MatmulBackend]():  func(s string) (any, error) { return policy.ParseMatmulBackend(s) },
		reflect.TypeFor[policy.SoftmaxBackend](): func(s string) (any, error) { return policy.ParseSoftmaxBackend(s) },
		reflect.TypeFor[deviceName]():            func(s string) (any, error) { return parseDeviceName(s) },
		reflect.TypeFor[metal]():                 func(s string) (any, error) { return parseMetal(s) },
		reflect.TypeFor[smallN]():                func(s string) (any, error) { return parseInt[smallN](s, kernels.MaxSmallN) },
		reflect.TypeFor[minimum]():               func(s string) (any, error) { return parseInt[minimum](s, -1) },
		reflect.TypeFor[truthy]():                func(s string) (any, error) { return parseTruthy(s) },
		reflect.TypeFor[duration]():              func(s string) (any, error) { return parseDuration(s) },
		reflect.TypeFor[logLevel]():              func(s string) (any, error) { return parseLogLevel(s) },
	}
}

func parseDeviceName(s string) (deviceName, error) {
	name := strings.ToLower(s)
	return deviceName(name), discover.Check(name)
}

func parseMetal(s string) (metal, error) {
	if s != discover.Simulated {
		return "", fmt.Errorf("metal library %q is not known", s)
	}
	return metal(s), nil
}

// parseInt reads a number from 0 to limit; a negative limit is none.
func parseInt[T ~int](s string, limit int) (T, error) {
	n, err := strconv.Atoi(s)
	if err == nil && (n < 0 || limit >= 0 && n > limit) {
		err = strconv.ErrRange
	}
	return T(n), err
}

func parseDuration(s string) (duration, error) {
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = strconv.ErrRange
	}
	return duration(d), err
}

func (d duration) String() string { return time.Duration(d).String() }

func parseTruthy(s string) (truthy, error) {
	switch strings.ToLower(s) {
	case "1", "true", "yes", "on":
		return true, nil
	case "0", "false", "no", "off":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", s)
}

func parseLogLevel(s string) (logLevel, error) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(s, level.String()) {
			return logLevel(level), nil
		}
	}
	return 0, fmt.Errorf("log level %q is not known", s)
}

func (l logLevel) String() string { return slog.Level(l).String() }
