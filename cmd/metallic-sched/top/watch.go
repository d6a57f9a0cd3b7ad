package top

import (
	"context"
	"errors"
	"time"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// Source is a server that is watched.
type Source interface {
	Address() string
	Status(ctx context.Context) (status *pb.StatusResponse, version string, err error)
	Decisions(ctx context.Context, take func(*pb.DecisionsResponse)) error
}

// Watch makes snapshots of a server, one after the other.
type Watch struct {
	source Source
	tally  Tally
	last   Snapshot
	cut    time.Time
}

// NewWatch returns a Watch of a server.
func NewWatch(source Source) *Watch {
	return &Watch{source: source, last: Snapshot{Address: source.Address()}, cut: time.Now()}
}

// Follow counts batches until ctx ends; when the connection breaks it begins
// again. listening, if not nil, is called once: when the server begins to send,
// or cannot.
func (w *Watch) Follow(ctx context.Context, listening func()) {
	first := func() {
		if listening != nil {
			listening()
			listening = nil
		}
	}
	for ctx.Err() == nil {
		err := w.source.Decisions(ctx, func(m *pb.DecisionsResponse) {
			w.tally.Fail("")
			w.tally.Add(m)
			first()
		})
		if err == nil {
			err = errors.New("the server ended the stream")
		}
		w.tally.Fail(err.Error())
		first()
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// again is the pause before a broken stream is opened again.
const again = time.Second

// Look asks the server how it is and returns what happened since the last Look.
// One goroutine may call it at a time.
func (w *Watch) Look(ctx context.Context) Snapshot {
	status, version, err := w.source.Status(ctx)
	next := Snapshot{Address: w.last.Address, Version: version, Status: status}
	if err != nil {
		next.Status, next.Version, next.Problem = w.last.Status, w.last.Version, err.Error()
	}
	before := w.last.Status
	if before == nil {
		before = next.Status
	}
	next.Rates = Between(before, next.Status)
	now := time.Now()
	next.Batches = w.tally.Cut(now.Sub(w.cut))
	w.cut, w.last = now, next
	return next
}
