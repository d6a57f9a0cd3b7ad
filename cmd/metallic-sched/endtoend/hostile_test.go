package endtoend

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// resident returns the memory of the server that is in RAM, in MiB.
func (p *process) resident() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Skip("NOT TESTED: it reads /proc; run it on Linux")
	}
	for line := range strings.Lines(string(text)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	require.FailNow(p.t, "no VmRSS")
	return 0
}

// Ten thousand connections that say nothing: memory stays bounded, and others
// are served.
func TestIdleConnections(t *testing.T) {
	wanted := 10_000
	var files syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files))
	if most := int(files.Cur) - 200; most < wanted { // Go has raised it as far as it may be
		t.Logf("!!! only %d connections: the limit of open files is %d (ulimit -n)", most, files.Cur)
		wanted = most
	}
	p := serve(t)
	before := p.resident()
	open := make([]net.Conn, 0, wanted)
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	for range wanted {
		c, err := net.Dial("tcp", p.all[0])
		require.NoError(t, err)
		open = append(open, c)
	}
	// The server closes those that say nothing in time, oldest first: the count
	// is what it had at once.
	require.Eventually(t, func() bool { return p.metric("connections_total") >= float64(wanted) }, patience, poll)
	t.Logf("%d idle connections: %.0f MiB, %.0f MiB before", wanted, p.resident(), before)
	require.Less(t, p.resident()-before, float64(wanted)*40/1024, "MiB: 40 KiB a connection")
	require.NoError(t, product(t.Context(), p.dial(rpc.Config{}), tensor.Matrix(weights(), side, side), 1, job.Options{}))
	require.Eventually(t, func() bool { return p.metric("connections_open") < 100 }, 2*patience, 100*time.Millisecond, "they are closed in a while")
}

func TestTooManyConnections(t *testing.T) {
	socket := "unix:" + filepath.Join(t.TempDir(), "s")
	p := serve(t, "-listen", "127.0.0.1:0", "-admin", socket, "-max-connections", "10")
	for range 20 {
		c, err := net.Dial("tcp", p.all[0])
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
	}
	line := p.await("refused")
	require.Equal(t, "too many connections", line["error"])
	require.Equal(t, p.all[0], line["address"])
	require.Regexp(t, `^127\.0\.0\.1:\d+$`, line["from"])
	require.NotEqual(t, p.all[0], line["from"])
	at := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", strings.TrimPrefix(socket, "unix:"))
	}}}
	t.Cleanup(at.CloseIdleConnections)
	status, text := fetch(t, at, "http://localhost/readyz", nil)
	require.Equal(t, http.StatusOK, status, text)
}

// Headers, and bodies of requests, that come a byte at a time do not hold a
// connection for long.
func TestSlowloris(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED with -short: it takes the ten seconds that the server allows; run it without")
	}
	p := serve(t)
	slow := map[string]string{
		"headers": "POST " + submitPath + " HTTP/1.1\r\nHost: localhost\r\nX-Pad: ",
		"body":    "POST " + submitPath + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
		"unread":  "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
	}
	ended := make(chan string, len(slow))
	for name, start := range slow {
		c, err := net.Dial("tcp", p.all[0])
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		_, err = c.Write([]byte(start))
		require.NoError(t, err)
		go func() { // one byte every 100 ms
			for err == nil {
				time.Sleep(100 * time.Millisecond)
				_, err = c.Write([]byte("x"))
			}
		}()
		go func() {
			_, _ = io.Copy(io.Discard, c)
			ended <- name
		}()
	}
	late := time.After(patience)
	for range slow {
		select {
		case name := <-ended:
			t.Log("closed: slow " + name)
		case <-late:
			require.FailNow(t, "the server is too patient")
		}
	}
}

// Messages that are too large, cut short or no messages at all are refused in
// words; the server lives and keeps no memory.
func TestBadMessages(t *testing.T) {
	p := serve(t)
	grpc := func(length uint32, data string) string {
		return string(binary.BigEndian.AppendUint32([]byte{0}, length)) + data
	}
	for _, c := range []struct {
		name, kind, body string
		status           int
	}{
		{"no JSON", "application/json", "{", 400},
		{"other JSON", "application/json", `{"job":{"matmul":[]}}`, 400},
		{"unknown type", "text/html", "<p>", 415},
		{"no protobuf", "application/proto", "\xff\xff\xff", 400},
		{"empty", "application/proto", "", 400},
		{"wrong length", "application/json", `{"job":{"softmax":{"x":{"dims":[2,2],"data":"AAAA"}}}}`, 400},
		{"negative size", "application/json", `{"job":{"softmax":{"x":{"dims":[-2,2],"data":"AAAA"}}}}`, 400},
		{"huge size", "application/json", `{"job":{"softmax":{"x":{"dims":["4611686018427387904","4"],"data":"AAAA"}}}}`, 400},
		{"gRPC cut short", "application/grpc", grpc(100, "short"), 200},       // the error is in the trailers
		{"gRPC of 4 GiB", "application/grpc", grpc(0xffffffff, "short"), 200}, // and nothing is allocated for it
	} {
		r, err := http.Post(p.url+submitPath, c.kind, strings.NewReader(c.body))
		require.NoError(t, err, c.name)
		text, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		require.Equal(t, c.status, r.StatusCode, "%s: %s", c.name, text)
		if c.status == 200 {
			require.NotEqual(t, "0", r.Trailer.Get("Grpc-Status")+r.Header.Get("Grpc-Status"), c.name)
		}
	}
	before := p.resident()
	for range 3 {
		r, err := http.Post(p.url+submitPath, "application/json", io.LimitReader(zeros{}, 200<<20))
		if err == nil { // it may close the connection while we still send
			require.GreaterOrEqual(t, r.StatusCode, 400)
			_ = r.Body.Close()
		}
	}
	t.Logf("200 MiB in a message, three times: %.0f MiB, %.0f MiB before", p.resident(), before)
	require.Less(t, p.resident()-before, 800.0, "MiB: what was read of one message, and garbage of two")
	known := strings.NewReader(strings.Repeat("0", 65<<20))
	r, err := http.Post(p.url+submitPath, "application/json", known)
	if err == nil {
		require.Equal(t, http.StatusBadRequest, r.StatusCode, "refused before it is read, and for good")
		_ = r.Body.Close()
	}
	big := "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"
	c, err := net.Dial("tcp", p.all[0])
	require.NoError(t, err)
	defer c.Close()
	go func() { _, _ = c.Write([]byte(big)) }()
	answer := make([]byte, 12)
	_, err = io.ReadFull(c, answer)
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(answer, []byte("431")), "%s", answer)
	status, text := p.get("/readyz")
	require.Equal(t, http.StatusOK, status, text)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}
