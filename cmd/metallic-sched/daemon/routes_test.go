package daemon

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pipes is a listener whose connections are in memory, and so on a virtual clock.
type pipes struct {
	peers chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.peers:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.ended) })
	return nil
}

// outsides serves what a daemon answers at its door, and returns what dials it.
func outsides(t *testing.T, guard *Guard, inside http.Handler) (dial func() net.Conn) {
	d := newDaemon(Config{Logger: slog.New(slog.DiscardHandler)})
	p := &pipes{peers: make(chan net.Conn), ended: make(chan struct{})}
	x := &door{listener: p, server: &http.Server{
		Handler: d.outside(address(t, "unix:/s"), guard, inside), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime,
	}}
	go func() { _ = x.serve() }()
	t.Cleanup(func() { _ = x.close() })
	return func() net.Conn {
		ours, theirs := net.Pipe()
		p.peers <- theirs
		t.Cleanup(func() { _ = ours.Close() })
		return ours
	}
}

// Whatever it asks for, who sends no body is not waited for.
func TestABodyThatNeverComes(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
	for _, c := range []struct {
		path    string
		anybody bool
		want    int
	}{
		{"/healthz", false, http.StatusOK},
		{"/metrics", false, http.StatusUnauthorized},
		{streaming[0], false, http.StatusUnauthorized},
		{"/nowhere", false, http.StatusUnauthorized},
		{"/metrics", true, http.StatusOK},
		{"/streams", true, http.StatusOK},
	} {
		for _, body := range []string{"Content-Length: 10\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nhe"} {
			t.Run(fmt.Sprintf("%s to anybody %v, %s", c.path, c.anybody, body[:5]), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					inside := http.NewServeMux()
					inside.Handle("/", page)
					inside.Handle("/streams", unhurried(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						time.Sleep(time.Minute)
						page(w, r)
					})))
					peer := outsides(t, &Guard{Anybody: c.anybody}, inside)()
					require.NoError(t, peer.SetDeadline(time.Now().Add(time.Hour)))
					_, err := fmt.Fprintf(peer, "POST %s HTTP/1.1\r\nHost: x\r\n%s", c.path, body)
					require.NoError(t, err)
					answer, err := io.ReadAll(peer)
					require.NoError(t, err, "it is closed")
					require.Contains(t, string(answer), fmt.Sprintf("HTTP/1.1 %d ", c.want))
				})
			})
		}
	}
}

// Who takes no answer is not waited for either.
func TestAnAnswerThatNobodyTakes(t *testing.T) {
	for _, path := range []string{"/healthz", "/nowhere"} {
		synctest.Test(t, func(t *testing.T) {
			peer := outsides(t, &Guard{}, http.NotFoundHandler())()
			_, err := fmt.Fprintf(peer, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
			require.NoError(t, err)
			time.Sleep(3 * bodyTime)
			_, err = peer.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF, path)
		})
	}
}

// Streams that were let in take as long as they like, both ways.
func TestAStreamTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := outsides(t, &Guard{Anybody: true}, unhurried(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if err == nil {
				time.Sleep(time.Minute)
				_, _ = w.Write(got)
			}
		})))()
		require.NoError(t, peer.SetDeadline(time.Now().Add(time.Hour)))
		_, err := io.WriteString(peer, "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		_, err = io.WriteString(peer, "hello")
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		answer, err := io.ReadAll(peer)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(string(answer), "hello"), "%s", answer)
	})
}
