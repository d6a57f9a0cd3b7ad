package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

type whoKey struct{}

// newReader returns a server of messages of 1 MiB, of which 4 are read at once.
func newReader(t *testing.T) *Server {
	srv := newReaderOf(t, 1<<20, 4<<20)
	srv.reading.patience = 20 * time.Millisecond
	return srv
}

// newReaderOf returns a server of messages up to a size, all up to another.
func newReaderOf(t *testing.T, message int, all int64) *Server {
	s, err := scheduler.Open(t.Context(), scheduler.Config{Device: sim.Open(sim.Config{})})
	require.NoError(t, err)
	srv, err := New(Config{
		Scheduler: s, Limits: Limits{MessageBytes: message, ReadingBytes: all},
		Tenant: func(ctx context.Context, _ string) (string, error) {
			who, _ := ctx.Value(whoKey{}).(string)
			return who, nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		require.NoError(t, s.Close(context.Background()))
	})
	return srv
}

func framed(flags byte, size int) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(size)), make([]byte, size)...)
}

// read has a handler read a body with f, and returns the server's room meanwhile.
func read(t *testing.T, s *Server, who, kind string, body io.Reader, f func(ctx context.Context, r io.Reader)) {
	t.Helper()
	r := httptest.NewRequestWithContext(context.WithValue(t.Context(), whoKey{}, who), http.MethodPost, "/", body)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Grpc-Encoding", "gzip")
	s.bounded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(r.Context(), r.Body) })).
		ServeHTTP(httptest.NewRecorder(), r)
}

const grpc = "application/grpc+proto"

// Room is taken for whole messages before they are read, and given back when they
// are handled, when the next one begins, and at the end.
func TestRoomForMessages(t *testing.T) {
	s := newReader(t)
	next := func(r io.Reader) int64 {
		prefix := make([]byte, 5)
		_, err := io.ReadFull(r, prefix)
		require.NoError(t, err)
		return s.Reading()
	}
	skip := func(r io.Reader, n int64) {
		_, err := io.CopyN(io.Discard, r, n)
		require.NoError(t, err)
	}
	body := bytes.Join([][]byte{framed(0, 1<<20), framed(0, 0), framed(0, 100_000), framed(1, 100_000), framed(0, 1000), framed(0, 200_000), framed(0, 2<<20)}, nil)
	read(t, s, "alice", grpc, bytes.NewReader(body), func(ctx context.Context, r io.Reader) {
		require.EqualValues(t, 1<<20, next(r))
		skip(r, 1<<20)
		require.EqualValues(t, 1<<20, s.Reading(), "it is being decoded")
		handled(ctx)
		require.Zero(t, s.Reading())
		require.Zero(t, next(r))
		require.EqualValues(t, 100_000, next(r))
		skip(r, 100_000)
		require.EqualValues(t, 100_000, next(r))
		skip(r, 99_999)
		require.EqualValues(t, 100_000, s.Reading(), "what is compressed has no more room before it is there")
		skip(r, 1)
		require.EqualValues(t, 1<<20, s.Reading(), "then it may be as large as can be")
		require.Zero(t, next(r), "small ones take none")
		skip(r, 1000)
		require.EqualValues(t, 200_000, next(r))
		skip(r, 200_000)
		_, err := io.ReadAll(r)
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
		require.Zero(t, s.Reading(), "those that are too large are not kept")
	})
	require.Zero(t, s.Reading())
	require.Empty(t, s.reading.tenants)

	whole := func(want int64) func(ctx context.Context, r io.Reader) {
		return func(_ context.Context, r io.Reader) {
			n, err := io.Copy(io.Discard, r)
			require.NoError(t, err)
			require.EqualValues(t, 100_000, n)
			require.Equal(t, want, s.Reading())
		}
	}
	read(t, s, "alice", "application/json", bytes.NewReader(make([]byte, 100_000)), whole(100_000))
	read(t, s, "alice", "application/json", io.MultiReader(bytes.NewReader(make([]byte, 100_000))), whole(1<<17)) // of unknown size
	require.Zero(t, s.Reading())
}

// However many send, no more is read than there is room for; one tenant leaves
// room for others, and who waits in vain is told what limit it was.
func TestNoRoomForMessages(t *testing.T) {
	s := newReader(t)
	refused := func(who, limit string, most int64) {
		t.Helper()
		for _, kind := range []string{grpc, "application/proto"} {
			body := framed(0, 1<<20)
			if kind != grpc {
				body = body[:1<<20]
			}
			read(t, s, who, kind, bytes.NewReader(body), func(_ context.Context, r io.Reader) {
				_, err := io.ReadAll(r)
				require.Equal(t, connect.CodeResourceExhausted, connect.CodeOf(err))
				var full *job.QueueFullError
				require.ErrorAs(t, wire.Failed(err, time.Now()), &full)
				require.Equal(t, limit, full.Limit)
				require.Equal(t, most, full.Max)
			})
		}
	}
	hold := func(who string, inside func()) {
		read(t, s, who, grpc, bytes.NewReader(framed(0, 1<<20)), func(_ context.Context, r io.Reader) {
			_, err := r.Read(make([]byte, 1<<10))
			require.NoError(t, err)
			inside()
		})
	}
	hold("alice", func() {
		hold("alice", func() {
			refused("alice", "bytes of the tenant's messages being read", 2<<20)
			hold("bob", func() {
				hold("carol", func() {
					require.EqualValues(t, 4<<20, s.Reading())
					refused("dave", "bytes of messages being read", 4<<20)
				})
				hold("dave", func() {})
			})
		})
		hold("alice", func() {})
	})
	require.Zero(t, s.Reading())
	require.Empty(t, s.reading.tenants)
}

// deadlines takes those that are set.
type deadlines struct {
	*httptest.ResponseRecorder
	read []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.read = append(d.read, at)
	return nil
}

// What has room must come in time; between messages, and for small ones, there
// is all the time in the world.
func TestMessagesMustGoOn(t *testing.T) {
	s := newReader(t)
	body := bytes.Join([][]byte{framed(0, 1000), framed(0, 1<<20), framed(0, 1000)}, nil)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", grpc)
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	begun := time.Now()
	s.bounded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		require.NoError(t, err)
	})).ServeHTTP(w, r)
	require.Len(t, w.read, 2)
	require.GreaterOrEqual(t, w.read[0].Sub(begun), messageTime+time.Second/2)
	require.True(t, w.read[1].IsZero())
}

// A message holds nothing, or little more than has come of it, however large it may get,
// so that those that trickle leave room for their tenant's others.
func TestTricklesHoldLittle(t *testing.T) {
	s := newReader(t)
	trickle := func(kind, encoding string, head []byte, size int64, come, held int64, inside func()) {
		t.Helper()
		silence, end := io.Pipe()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.MultiReader(bytes.NewReader(head), silence))
		r.ContentLength = size
		r.Header.Set("Content-Type", kind)
		r.Header.Set(encoding, "gzip")
		s.bounded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			before := s.Reading()
			_, err := io.CopyN(io.Discard, r.Body, come)
			require.NoError(t, err)
			require.Equal(t, held, s.Reading()-before)
			inside()
			require.NoError(t, end.Close())
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
	packed := framed(flagCompressed, 1000)
	for _, c := range []struct {
		name, kind, encoding string
		head                 []byte
		size, come, held     int64
	}{
		{"a small message that is compressed", grpc, "Grpc-Encoding", packed[:900], -1, 900, 0},
		{"a small body that is", "application/proto", "Content-Encoding", packed[:900], 1000, 900, 0},
		{"a body of unknown size", "application/proto", "Accept", make([]byte, 900), -1, 900, 0},
		{"more of it", "application/proto", "Accept", make([]byte, 200_000), -1, 200_000, 1 << 18},
	} {
		four := func() {
			read(t, s, "", grpc, bytes.NewReader(framed(0, 1<<20)), func(_ context.Context, r io.Reader) {
				_, err := io.Copy(io.Discard, r)
				require.NoError(t, err, "%s: there is room", c.name)
			})
		}
		for range 4 {
			inner := four
			four = func() { trickle(c.kind, c.encoding, c.head, c.size, c.come, c.held, inner) }
		}
		four()
		require.Zero(t, s.Reading(), c.name)
	}
	require.Empty(t, s.reading.tenants)
}

// What is compressed has its room before it is unpacked, also where it is all of a body.
func TestRoomToUnpack(t *testing.T) {
	s := newReader(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(make([]byte, 1000)))
	r.Header.Set("Content-Type", "application/proto")
	r.Header.Set("Content-Encoding", "gzip")
	s.bounded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		require.NoError(t, err)
		require.EqualValues(t, 1<<20, s.Reading())
	})).ServeHTTP(httptest.NewRecorder(), r)
	require.Zero(t, s.Reading())
}

// ticking is a body that comes a little each millisecond.
type ticking struct{ left int }

func (r *ticking) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(time.Millisecond)
	n := min(len(p), r.left, smallMessage)
	clear(p[:n])
	r.left -= n
	return n, nil
}

// Many messages of which nobody knows how much room they need, and which all together
// would need more than there is, get done one after the other: none holds what another
// waits for. Plain ones get through between them.
func TestMessagesThatMayGetLargeAllGetDone(t *testing.T) {
	const most = 4 << 20 // of which there are four at once
	const large = most*3/4 + 1000
	gzipped := binary.BigEndian.AppendUint32([]byte{flagCompressed}, most/3)
	for _, c := range []struct {
		name, kind, encoding string
		messages, size       int
		head                 []byte
		length               int64
	}{
		{"of unknown size", "application/proto", "Accept", 8, large, nil, -1},
		{"of unknown size and compressed", "application/proto", "Content-Encoding", 8, large, nil, -1},
		{"compressed", "application/proto", "Content-Encoding", 20, most / 3, nil, most / 3},
		{"compressed in a stream", grpc, "Grpc-Encoding", 20, most / 3, gzipped, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newReaderOf(t, most, 8*most)
				var all sync.WaitGroup
				send := func(kind string, size int, length int64, head []byte) {
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.MultiReader(bytes.NewReader(head), &ticking{size}))
					r.ContentLength = length
					r.Header.Set("Content-Type", kind)
					r.Header.Set(c.encoding, "gzip")
					s.bounded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						n, err := io.Copy(io.Discard, r.Body)
						assert.NoError(t, err)
						assert.EqualValues(t, len(head)+size, n)
					})).ServeHTTP(httptest.NewRecorder(), r)
				}
				for range c.messages {
					all.Go(func() { send(c.kind, c.size, c.length, c.head) })
				}
				for range 10 {
					all.Go(func() {
						time.Sleep(100 * time.Millisecond)
						send(grpc, 100_000, -1, binary.BigEndian.AppendUint32([]byte{0}, 100_000))
					})
				}
				all.Wait()
				require.Zero(t, s.Reading())
				require.Empty(t, s.reading.tenants)
			})
		})
	}
}

// A message takes room in steps while it is small, and then all that it may need.
func TestRoomOfMessagesThatMayGetLarge(t *testing.T) {
	const most = 64 << 20
	steps := []int64{0}
	for steps[len(steps)-1] < most {
		steps = append(steps, widened(steps[len(steps)-1], -1, most, false))
	}
	require.Equal(t, []int64{0, 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20, most}, steps)
	require.EqualValues(t, 100_000, widened(1<<19, -1, 100_000, true))
	require.EqualValues(t, 12<<20, widened(0, 12<<20, most, false))
	require.EqualValues(t, most, widened(0, 12<<20, most, true))
	require.EqualValues(t, 1<<20, widened(0, 1<<20, most, true))
}
