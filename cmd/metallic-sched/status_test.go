package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/daemon"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// startServer serves a cpu device on a socket until the test ends.
func startServer(t *testing.T) (address string, srv *server.Server) {
	feed := &metrics.Feed{}
	jobs, err := scheduler.Open(t.Context(), scheduler.Config{DeviceName: "cpu", Recorder: feed})
	require.NoError(t, err)
	srv, err = server.New(server.Config{Scheduler: jobs, Feed: feed})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	h := &http.Server{Handler: daemon.Named("v0", srv.Handler()), Protocols: server.Protocols(), HTTP2: server.HTTP2()}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		require.NoError(t, h.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
		require.NoError(t, jobs.Close(t.Context()))
	})
	return "unix:" + path, srv
}

// call runs a command line.
func call(args ...string) (code int, out, err string) {
	var o, e bytes.Buffer
	code = execute(args, streams{&o, &e})
	return code, o.String(), e.String()
}

func TestStatusTellsDraining(t *testing.T) {
	address, srv := startServer(t)
	code, out, _ := call("status", "-addr", address, "-json")
	require.Zero(t, code)
	var st serverStatus
	require.NoError(t, json.Unmarshal([]byte(out), &st))
	require.True(t, st.Ready)
	require.Equal(t, "cpu", st.Device.Backend)
	require.NotEmpty(t, st.Version)

	require.NoError(t, srv.Drain(t.Context()))
	code, out, errs := call("status", "-addr", address, "-json", "-wait", "1ms")
	require.Equal(t, exitDraining, code)
	require.Contains(t, errs, "is draining")
	require.NoError(t, json.Unmarshal([]byte(out), &st))
	require.False(t, st.Ready)
	require.True(t, st.Draining)
	code, out, _ = call("status", "-addr", address)
	require.Equal(t, exitDraining, code)
	require.True(t, strings.HasPrefix(out, "state     draining for "), out)
}

// The fields that scripts may rely on.
func TestStatusSchema(t *testing.T) {
	var keys func(v any, at string) []string
	keys = func(v any, at string) (all []string) {
		fields, ok := v.(map[string]any)
		if !ok {
			return []string{at}
		}
		for name, field := range fields {
			all = append(all, keys(field, strings.TrimPrefix(at+"."+name, "."))...)
		}
		return all
	}
	raw, err := json.Marshal(newServerStatus("", "", nil))
	require.NoError(t, err)
	var v any
	require.NoError(t, json.Unmarshal(raw, &v))
	require.ElementsMatch(t, strings.Fields(`v ready draining address error server version uptime_seconds
		device.backend device.name device.threads device.memory_bytes
		jobs.submitted jobs.done jobs.failed jobs.cancelled jobs.expired jobs.rejected jobs.in_flight jobs.in_flight_bytes
		tenants operands.loaded operands.loaded_bytes operands.named operands.partial_bytes
		sessions streams kept_result_bytes`), keys(v, ""))
	require.Contains(t, string(raw), `"tenants":[]`)
}

// While jobs run, top shows their kernel, why, and their tenant.
func TestTopShowsLoad(t *testing.T) {
	address, _ := startServer(t)
	client, err := rpc.Dial(t.Context(), "unix://"+strings.TrimPrefix(address, "unix:"), rpc.Config{Tenant: "crew"})
	require.NoError(t, err)
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		w, x, y := make([]float32, 64*64), make([]float32, 64), make([]float32, 64)
		for {
			select {
			case <-stop:
				stopped <- client.Close(t.Context())
				return
			default:
			}
			if err := client.Do(t.Context(), &job.Matmul{A: tensor.Matrix(w, 64, 64), B: tensor.Vector(x), C: tensor.Vector(y)}); err != nil {
				stopped <- err
				return
			}
		}
	}()
	frame := ""
	for end := time.Now().Add(time.Minute); !strings.Contains(frame, " N=1 <= SMALLN_MAX_N=8") && time.Now().Before(end); {
		code, out, errs := call("top", "-addr", address, "-once", "-interval", "100ms")
		require.Zero(t, code, errs)
		frame = out
	}
	close(stop)
	require.NoError(t, <-stopped)
	require.Regexp(t, `(?m)^matmul smalln/N1 .* N=1 <= SMALLN_MAX_N=8`, frame)
	require.Regexp(t, `(?m)^crew `, frame)
	require.Regexp(t, `(?m)^\d\d:\d\d:\d\d matmul smalln/N1 +64x64x1 +1 job waited .*, took `, frame)
	require.NotContains(t, frame, "jobs/s 0 ")
}
