package remote

import (
	"context"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

func TestParseAddress(t *testing.T) {
	here, err := filepath.Abs("s.sock")
	require.NoError(t, err)
	for _, c := range []struct {
		text   string
		tls    bool
		target string
	}{
		{DefaultAddress, false, "http://" + DefaultAddress},
		{"localhost:7433", true, "https://localhost:7433"},
		{"[::1]:1", false, "http://[::1]:1"},
		{"gpu.example.com:443", false, "https://gpu.example.com:443"},
		{"http://10.0.0.1:1/", false, "http://10.0.0.1:1"},
		{"unix:s.sock", false, "unix://" + here},
		{"unix:/run/s", false, "unix:///run/s"},
		{"unix:///run/s", false, "unix:///run/s"},
	} {
		a, err := parseAddress(c.text, c.tls)
		require.NoError(t, err)
		require.Equal(t, c.target, a.target)
		require.Equal(t, strings.HasPrefix(c.target, "https:"), a.secure)
	}
	for _, text := range []string{"", "host", "unix:", "ftp://h:1", "http://", "http://u@h:1", "https://h:1?x", "http://h:x"} {
		_, err := parseAddress(text, false)
		var wrong *AddressError
		require.ErrorAs(t, err, &wrong, text)
		require.ErrorContains(t, err, "allowed: HOST:PORT, unix:PATH")
	}
}

// guarded tells its status to who knows the word.
type guarded struct {
	metallicv1connect.UnimplementedSchedulerServiceHandler
}

func (guarded) Status(_ context.Context, r *connect.Request[pb.StatusRequest]) (*connect.Response[pb.StatusResponse], error) {
	if r.Header().Get("Authorization") != "Bearer sesame" {
		return nil, connect.NewError(connect.CodeUnauthenticated, nil)
	}
	answer := connect.NewResponse(&pb.StatusResponse{Server: "run"})
	answer.Header().Set("Server", "metallic-sched/v9")
	return answer, nil
}

func (guarded) Decisions(_ context.Context, r *connect.Request[pb.DecisionsRequest], out *connect.ServerStream[pb.DecisionsResponse]) error {
	return out.Send(&pb.DecisionsResponse{Dropped: uint64(len(r.Header().Get("Authorization")))})
}

func TestTokenAndTLS(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle(metallicv1connect.NewSchedulerServiceHandler(guarded{}))
	h := httptest.NewUnstartedServer(mux)
	h.EnableHTTP2 = true
	h.StartTLS()
	defer h.Close()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw})))
	ask := func(a Access) (*Server, *pb.StatusResponse, string, error) {
		s, err := a.Server(strings.TrimPrefix(h.URL, "https://"))
		require.NoError(t, err)
		m, version, err := s.Status(t.Context())
		return s, m, version, err
	}
	s, m, version, err := ask(Access{TLSCA: ca, Token: file("token", "\n sesame \nanother\n")})
	require.NoError(t, err)
	require.Equal(t, "run", m.GetServer())
	require.Equal(t, "v9", version)
	seen := 0
	require.NoError(t, s.Decisions(t.Context(), func(m *pb.DecisionsResponse) { seen = int(m.GetDropped()) }))
	require.Equal(t, len("Bearer sesame"), seen)

	_, _, _, err = ask(Access{TLSCA: ca, Token: file("wrong", "open")})
	require.ErrorIs(t, err, job.ErrForbidden)
	_, _, _, err = ask(Access{TLSCA: ca})
	require.ErrorIs(t, err, job.ErrForbidden)
	_, _, _, err = ask(Access{})
	require.ErrorIs(t, err, job.ErrDisconnected, "loopback without anything for TLS means http")
	require.ErrorContains(t, err, "if it speaks TLS: https://HOST:PORT, or --tls-ca FILE")
	_, err = s.Dial(t.Context(), "")
	require.Error(t, err, "it has no such service")
	require.NotContains(t, err.Error(), "if it speaks TLS")
	hasty, err := (&Access{}).Server(strings.TrimPrefix(h.URL, "https://"))
	require.NoError(t, err)
	_, err = hasty.Dial(t.Context(), "")
	require.ErrorContains(t, err, "if it speaks TLS: ")

	plain, err := (&Access{}).Server(h.URL)
	require.NoError(t, err)
	_, _, err = plain.Status(t.Context())
	require.ErrorIs(t, err, job.ErrDisconnected)
	require.ErrorContains(t, err, "certificate")
	require.NotContains(t, err.Error(), "if it speaks TLS")
}

// Where nobody listens nothing is said of TLS.
func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	s, err := (&Access{}).Server(l.Addr().String())
	require.NoError(t, err)
	_, _, status := s.Status(t.Context())
	_, dial := s.Dial(t.Context(), "")
	for _, err := range []error{status, dial} {
		require.ErrorIs(t, err, job.ErrDisconnected)
		require.ErrorContains(t, err, "refused")
		require.NotContains(t, err.Error(), "TLS")
	}
}

// A session for jobs takes the same way.
func TestDialTLS(t *testing.T) {
	jobs, err := scheduler.Open(t.Context(), scheduler.Config{DeviceName: "cpu"})
	require.NoError(t, err)
	srv, err := server.New(server.Config{Scheduler: jobs})
	require.NoError(t, err)
	tokens := make(chan string, 16)
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("Authorization")
		srv.Handler().ServeHTTP(w, r)
	}))
	h.EnableHTTP2 = true
	h.StartTLS()
	defer h.Close()
	defer func() { require.NoError(t, jobs.Close(t.Context())) }()
	defer func() { require.NoError(t, srv.Close()) }()
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw}))
	s, err := (&Access{TLSCA: file("ca.pem", ca), Token: file("token", "sesame")}).Server(h.URL)
	require.NoError(t, err)
	c, err := s.Dial(t.Context(), "crew")
	require.NoError(t, err)
	y := make([]float32, 1)
	require.NoError(t, c.Do(t.Context(), &job.Matmul{
		A: tensor.Matrix([]float32{1, 2}, 1, 2), B: tensor.Vector([]float32{3, 4}), C: tensor.Vector(y),
	}))
	require.Equal(t, []float32{11}, y)
	require.NoError(t, c.Close(t.Context()))
	require.Equal(t, "Bearer sesame", <-tokens)
}

func TestWrongAccess(t *testing.T) {
	word := filepath.Join(t.TempDir(), "word")
	require.NoError(t, os.WriteFile(word, []byte("two words"), 0o600))
	for want, a := range map[string]Access{
		"does not begin with a line of one word": {Token: word},
		"no such file":                           {Token: word + "x"},
		"has no certificate in PEM":              {TLSCA: word},
		"tls-ca: open":                           {TLSCA: word + "x"},
		"one without the other":                  {TLSKey: word},
		"tls-cert: ":                             {TLSCert: word, TLSKey: word},
	} {
		_, err := a.Server("localhost:1")
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, os.WriteFile(word, []byte("word"), 0o600))
	_, err := (&Access{Token: word}).Server("http://192.0.2.1:1")
	require.ErrorContains(t, err, "readable on its way there; use https")
	_, err = (&Access{Token: word}).Server("192.0.2.1:1")
	require.NoError(t, err)
}
