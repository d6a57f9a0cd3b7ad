package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"github.com/edsrzf/mmap-go"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// Server answers calls with a scheduler. All methods may be called from any
// goroutine.
type Server struct {
	cfg      Config
	id       string
	started  time.Time
	store    *store
	reading  *reading
	marks    marker
	sessions sessions
	kept     *keeping // the results in the books
	shared   *sharing
	regions  atomic.Uint64 // numbers given to it
	refused  refusals
	made     atomic.Uint64 // sessions
	taking   atomic.Int64  // messages whose jobs may be on their way to the scheduler

	streams   visitors
	draining  chan struct{}
	drainOnce sync.Once
	closeOnce sync.Once
	closed    chan struct{}
	tending   sync.WaitGroup
	mapped    []mmap.MMap // guarded by store.mu
}

// New returns a server. Close must be called before the scheduler's.
func New(cfg Config) (*Server, error) {
	if cfg.Scheduler == nil {
		return nil, errors.New("rpc: Config.Scheduler is nil; allowed: an open scheduler")
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	s := &Server{
		cfg: cfg.withDefaults(), id: hex.EncodeToString(id[:]), started: time.Now(), marks: newMarker(),
		draining: make(chan struct{}), closed: make(chan struct{}),
	}
	s.reading, s.kept = newReading(&s.cfg.Limits), newKeeping(s.cfg.Limits.KeptBytes)
	s.shared = newSharing(s.cfg.Limits.SharedBytes)
	s.regions.Store(startNumber())
	s.store = newStore(s.cfg.Scheduler, &s.cfg.Limits)
	s.sessions = sessions{limits: &s.cfg.Limits, byID: map[string]*session{}, byOwner: map[string]int{}, make: s.newSession}
	s.tending.Go(s.tend)
	return s, nil
}

func (s *Server) newSession(name, owner string) *session {
	x := &session{
		name: name, owner: owner, store: s.store, run: s.id + "-" + strconv.FormatUint(s.made.Add(1), 10),
		operands: map[uint64]*hold{}, regions: map[uint64]*region{},
	}
	x.book = newBook(&s.cfg.Limits, sharerOf(x), s.kept)
	return x
}

// Handler returns what answers the calls, reflection included. Options such as
// interceptors go to every service.
func (s *Server) Handler(options ...connect.HandlerOption) http.Handler {
	options = append([]connect.HandlerOption{
		connect.WithReadMaxBytes(s.cfg.Limits.MessageBytes), connect.WithSendMaxBytes(s.cfg.Limits.MessageBytes),
		connect.WithCompressMinBytes(noCompression), codecs(s.marks), s.boundedGzip(),
		connect.WithInterceptors(details{s}),
	}, options...)
	mux := http.NewServeMux()
	mux.Handle(metallicv1connect.NewJobServiceHandler(jobService{s}, options...))
	mux.Handle(metallicv1connect.NewOperandServiceHandler(operandService{s}, options...))
	mux.Handle(metallicv1connect.NewSchedulerServiceHandler(schedulerService{s}, options...))
	mux.Handle(metallicv1connect.NewAdminServiceHandler(adminService{s}, options...))
	reflector := grpcreflect.NewStaticReflector(
		metallicv1connect.JobServiceName, metallicv1connect.OperandServiceName,
		metallicv1connect.SchedulerServiceName, metallicv1connect.AdminServiceName,
	)
	mux.Handle(grpcreflect.NewHandlerV1(reflector, options...))
	mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector, options...))
	return s.bounded(mux)
}

// noCompression: floating-point numbers do not get smaller by it.
const noCompression = 1 << 40

// Protocols are what an http.Server with a Server's handler should speak:
// HTTP/2 also without TLS, as gRPC clients do.
func Protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return p
}

// Drain stops taking jobs: they get job.ErrDraining. It returns when those that
// were accepted have ended, or with the context's cause.
func (s *Server) Drain(ctx context.Context) error {
	if err := job.CheckContext(ctx); err != nil {
		return err
	}
	s.drainOnce.Do(func() { close(s.draining) })
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for s.taking.Load() > 0 || s.cfg.Scheduler.Audit().InFlight > 0 { // in this order
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// drainLook is how often a drain looks whether it is over.
const drainLook = 5 * time.Millisecond

// Draining reports whether a drain has begun.
func (s *Server) Draining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// Close drains without waiting: it cancels what runs, ends the streams when their
// jobs are answered, and releases the operands. The handler refuses streams
// afterwards, and must not be called for anything else.
func (s *Server) Close() error {
	s.drainOnce.Do(func() { close(s.draining) })
	var err error
	s.closeOnce.Do(func() {
		close(s.closed)
		s.tending.Wait()
		for _, x := range s.sessions.take(func(*session) bool { return true }) {
			x.close(job.ErrClosed)
		}
		s.streams.wait(2 * closeTime)
		err = s.store.close(s)
	})
	return err
}

// tend forgets what is out of date.
func (s *Server) tend() {
	tick := time.NewTicker(max(min(s.cfg.Detach, s.cfg.Keep)/4, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.closed:
			return
		case now := <-tick.C:
			s.sessions.expire(now.Add(-s.cfg.Detach))
			s.sessions.each(func(x *session) { x.book.expire(now.Add(-s.cfg.Keep)) })
			s.store.expire(now.Add(-s.cfg.Keep))
		}
	}
}

// fail turns an error into an answer.
func (s *Server) fail(err error) error { return wire.Fail(err, time.Now()) }

// HTTP2 are settings for an http.Server with a Server's handler: room for
// messages on their way, which is each connection's own and therefore not large.
func HTTP2() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxReceiveBufferPerStream: 1 << 20, MaxReceiveBufferPerConnection: 2 << 20, MaxReadFrameSize: 256 << 10,
		SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second,
	}
}
