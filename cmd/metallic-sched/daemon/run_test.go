package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// ears do something about what is logged.
type ears struct {
	slog.Handler
	hear map[string]func()
}

func (e *ears) Enabled(context.Context, slog.Level) bool { return true }

func (e *ears) Handle(_ context.Context, r slog.Record) error {
	if f := e.hear[r.Message]; f != nil {
		f()
	}
	return nil
}

// A SIGHUP before the daemon serves does not end it: the files are read again when
// it does.
func TestHangupDuringStart(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reloaded := 0
	hup := func() { require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP)) }
	err := Run(ctx, Config{
		Listen: []Address{address(t, "unix:"+filepath.Join(t.TempDir(), "s"))}, Drain: deliverTime,
		Scheduler: scheduler.Config{DeviceName: "sim"},
		Logger: slog.New(&ears{slog.DiscardHandler, map[string]func(){
			"listening": hup, "reloaded": func() { reloaded++; stop() },
		}}),
	})
	require.NoError(t, err)
	require.Equal(t, 1, reloaded)
}

// A daemon whose device is lost for good ends, so that another can be started: nobody
// would come to see that every job fails.
func TestNoDeviceIsLeft(t *testing.T) {
	d := sim.Open(sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Lost() }})
	defer func() { require.NoError(t, d.Close()) }()
	cfg := Config{
		Listen: []Address{address(t, "unix:"+filepath.Join(t.TempDir(), "s"))}, Drain: deliverTime,
		Scheduler: scheduler.Config{Device: d, Reopen: func() (device.Device, error) {
			return nil, fmt.Errorf("%w: %w", device.ErrUnavailable, device.ErrBroken)
		}},
	}
	running := newDaemon(cfg.withDefaults())
	require.NoError(t, running.open(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- running.serve(t.Context(), nil) }()
	require.ErrorIs(t, running.ready.check(t.Context()), device.ErrLost)
	require.ErrorIs(t, <-ended, errNoDevice)
	require.NoError(t, running.close())
}
