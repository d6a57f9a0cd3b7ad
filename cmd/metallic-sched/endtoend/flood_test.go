package endtoend

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
)

// unfinished sends most of a message of 64 MiB in a stream, then nothing more.
func unfinished(ctx context.Context, t *testing.T, url string) {
	const size = 64 << 20
	prefix := binary.BigEndian.AppendUint32([]byte{0}, size)
	silence, end := io.Pipe()
	context.AfterFunc(ctx, func() { _ = end.Close() })
	body := io.MultiReader(bytes.NewReader(prefix), io.LimitReader(zeros{}, size-1<<20), silence)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+metallicv1connect.JobServiceSubmitStreamProcedure, body)
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/grpc+proto")
	client := newHTTP2(t)
	go func() {
		if a, err := client.Do(r); err == nil {
			_ = a.Body.Close()
		}
	}()
}

// Many connections that each send a large message and do not end it: few of them
// are read at once, and no small message has to wait for them.
func TestUnfinishedMessages(t *testing.T) {
	const connections = 32
	p := serve(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	before := p.resident()
	for range connections {
		unfinished(ctx, t, p.url)
	}
	const room = 256 << 20 // half of all, as they are one tenant
	require.Eventually(t, func() bool { return p.metric("request_bytes_held") == room }, patience, poll)
	c, most := p.dial(rpc.Config{}), 0.0
	for range 100 {
		require.NoError(t, c.Do(t.Context(), &job.Softmax{X: tensor.Matrix(make([]float32, 8), 1, 8)}))
		require.LessOrEqual(t, p.metric("request_bytes_held"), float64(room))
		most = max(most, p.resident())
	}
	t.Logf("%d connections with 63 of 64 MiB each: %.0f MiB resident at most, %.0f MiB before", connections, most, before)
	require.Less(t, most-before, 1000.0, "MiB; all of them would be 2016")
	status, text := p.get("/readyz")
	require.Equal(t, http.StatusOK, status, text)
	stop()
	require.Eventually(t, func() bool { return p.metric("request_bytes_held") == 0 }, patience, poll)
}
