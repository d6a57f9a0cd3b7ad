package main

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// lockedBuffer takes what several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The daemon runs jobs of another process's client until it is told to stop.
func TestServe(t *testing.T) {
	path, log := filepath.Join(t.TempDir(), "s"), &lockedBuffer{}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serveCommand{Listen: "unix:" + path, Device: "cpu"}.Run(ctx, streams{log, log}) }()

	var c *rpc.Client
	require.Eventually(t, func() bool {
		var err error
		c, err = rpc.Dial(t.Context(), "unix://"+path, rpc.Config{})
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	w, err := c.Load(tensor.Matrix([]float32{1, 2, 3, 4}, 2, 2))
	require.NoError(t, err)
	y := make([]float32, 2)
	require.NoError(t, c.Do(t.Context(), &job.Matmul{A: w.View(), B: tensor.Vector([]float32{5, 6}), C: tensor.Vector(y)}))
	require.Equal(t, []float32{17, 39}, y)

	again := serveCommand{Listen: "unix:" + path, Device: "cpu"}.Run(t.Context(), streams{log, log})
	require.ErrorContains(t, again, "somebody listens")
	require.NoError(t, c.Close(t.Context()))
	stop()
	require.NoError(t, <-ended, log.String())
	require.Contains(t, log.String(), "draining")
}

func TestListen(t *testing.T) {
	for _, address := range []string{"0.0.0.0:1", "example.com:80", ":80", "nonsense", "unix:"} {
		_, err := listen(address)
		require.ErrorContains(t, err, "allowed are", address)
	}
	_, err := listen("unix:" + t.TempDir())
	require.ErrorContains(t, err, "no socket")
	l, err := listen("localhost:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
}
