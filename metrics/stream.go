package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
)

// stream is a bounded queue of records and the goroutine that writes them.
// What the output does not take is dropped and counted, and the next records
// are tried again: a disk that was full may have room.
type stream struct {
	page    page
	encode  func(*entry) error // to the page
	entries chan *entry
	flushes chan chan<- struct{}
	turns   chan turn
	pool    sync.Pool // of *entry

	sending sync.RWMutex // held for reading to send, for writing to close
	closed  bool
	ended   chan struct{} // closed when the goroutine has ended

	written, dropped atomic.Uint64
	failure          atomic.Pointer[error]
	outage           outage
}

// turn is another output, and a channel that takes what became of the one before.
type turn struct {
	output io.WriteCloser
	closed chan error
}

// entry is a decision or an event.
type entry struct {
	isEvent  bool
	decision Decision
	event    Event
}

// init makes a stream that lacks only encode and the goroutine. capacity is
// the records that may wait.
func (s *stream) init(output io.WriteCloser, capacity int) {
	s.page.turn(output)
	s.entries = make(chan *entry, max(capacity, 1))
	s.flushes, s.turns = make(chan chan<- struct{}), make(chan turn)
	s.pool.New = func() any { return new(entry) }
	s.ended = make(chan struct{})
}

// Record queues a copy of d, or drops and counts it when the queue is full or
// closed.
func (s *stream) Record(d *Decision) {
	e := s.pool.Get().(*entry)
	e.isEvent = false
	e.decision.CopyFrom(d)
	s.offer(e)
}

func (s *stream) offer(e *entry) {
	s.sending.RLock()
	defer s.sending.RUnlock()
	if !s.closed {
		select {
		case s.entries <- e:
			return
		default:
		}
	}
	s.dropped.Add(1)
	s.pool.Put(e)
}

// Flush waits until everything recorded before is written, or ctx is done.
// It returns Err.
func (s *stream) Flush(ctx context.Context) error {
	flushed := make(chan struct{})
	select {
	case s.flushes <- flushed:
	case <-s.ended:
		return s.Err()
	case <-ctx.Done():
		return fmt.Errorf("metrics: flush: %w", context.Cause(ctx))
	}
	select {
	case <-flushed:
		return s.Err()
	case <-ctx.Done():
		return fmt.Errorf("metrics: flush: %w", context.Cause(ctx))
	}
}

// Close writes what is queued and closes the output. It returns Err, or an
// error when ctx is done before that. Later records are dropped and counted.
func (s *stream) Close(ctx context.Context) error {
	s.sending.Lock()
	if !s.closed {
		s.closed = true
		close(s.entries)
	}
	s.sending.Unlock()
	select {
	case <-s.ended:
		return s.Err()
	case <-ctx.Done():
		return fmt.Errorf("metrics: %d records not written at close: %w", len(s.entries), context.Cause(ctx))
	}
}

// turnTo has records go on in output, and closes the one before. An error before
// the goroutine has taken output leaves all as it was; when ctx is done only after
// that, the one before is not closed yet.
func (s *stream) turnTo(ctx context.Context, output io.WriteCloser) error {
	t := turn{output, make(chan error, 1)}
	select {
	case s.turns <- t:
	case <-s.ended:
		return errors.Join(errClosed, output.Close())
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), output.Close())
	}
	select {
	case err := <-t.closed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var errClosed = errors.New("the recorder is closed")

// LogTo has failures of the output told to l. Without it only Err tells. A
// scheduler does this with its Recorder.
func (s *stream) LogTo(l *slog.Logger) { s.outage.logger.Store(l) }

// Written returns the records handed to the output.
func (s *stream) Written() uint64 { return s.written.Load() }

// Dropped returns the records lost: the queue was full or closed, or the
// output failed.
func (s *stream) Dropped() uint64 { return s.dropped.Load() }

// Err returns the first error of the output, or nil. Records may be written
// again after it, but some are lost.
func (s *stream) Err() error {
	if err := s.failure.Load(); err != nil {
		return *err
	}
	return nil
}

func (s *stream) run() {
	defer close(s.ended)
	for {
		select {
		case e, open := <-s.entries:
			if !open {
				s.flush()
				s.fail(s.page.output.Close())
				return
			}
			s.write(e)
			// Nothing waits: let those who follow the output see the record.
			if len(s.entries) == 0 {
				s.flush()
			}
		case flushed := <-s.flushes:
			for range len(s.entries) {
				s.write(<-s.entries)
			}
			s.flush()
			close(flushed)
		case t := <-s.turns:
			s.flush()
			err := s.page.output.Close()
			s.fail(err)
			s.page.turn(t.output)
			t.closed <- err
		}
	}
}

func (s *stream) write(e *entry) {
	if err := s.encode(e); err != nil {
		s.dropped.Add(1)
		s.fail(err)
	} else if s.page.mark(); s.page.full() {
		s.flush()
	}
	s.pool.Put(e)
}

func (s *stream) flush() {
	if s.page.empty() {
		return
	}
	written, lost, err := s.page.flush()
	s.written.Add(written)
	s.dropped.Add(lost)
	s.fail(err)
	s.outage.note(err, lost)
}

// fail keeps the first error.
func (s *stream) fail(err error) {
	if err != nil {
		err = fmt.Errorf("metrics: write: %w", err)
		s.failure.CompareAndSwap(nil, &err)
	}
}
