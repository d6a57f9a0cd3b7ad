package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// loadTarget is what a load is put on: a scheduler of this process, or a server.
type loadTarget struct {
	job.Doer
	backend string // the kind of its device
	device  string // in words
	batches *batchWatch
	dropped atomic.Int64 // batches that were not seen
	stop    func()       // ends what runs beside it
}

// target opens what the flags ask for.
func (c *loadCommand) target(ctx context.Context) (*loadTarget, error) {
	if c.Addr != "" {
		return c.server(ctx)
	}
	cfg, err := environment(c.Device)
	if err != nil {
		return nil, err
	}
	t := &loadTarget{batches: watchBatches(&cfg), stop: func() {}}
	s, err := fleet.OpenService(ctx, cfg)
	if err != nil {
		return nil, err
	}
	info := s.Info()
	t.Doer, t.backend = s, info.Backend
	t.device = fmt.Sprintf("%s: %s, %d threads", info.Backend, info.Name, info.Threads)
	return t, nil
}

// server opens a session with a server. The batches it tells are those of all
// its clients.
func (c *loadCommand) server(ctx context.Context) (*loadTarget, error) {
	at, err := c.Access.Server(c.Addr)
	if err != nil {
		return nil, err
	}
	status, _, err := at.Status(ctx)
	if err != nil {
		return nil, err
	}
	client, err := at.Dial(ctx, "")
	if err != nil {
		return nil, err
	}
	d := status.GetDevice()
	t := &loadTarget{Doer: client, backend: d.GetBackend(), batches: newBatchWatch()}
	t.device = fmt.Sprintf("%s: %s, %d threads, at %s", d.GetBackend(), d.GetName(), d.GetThreads(), at.Address())
	watching, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		// A stream that breaks only means that fewer batches are seen; the
		// client has its own connection.
		if err := at.Decisions(watching, t.see); err != nil && watching.Err() == nil {
			t.dropped.Add(1)
		}
	})
	t.stop = func() {
		stop()
		done.Wait()
	}
	return t, nil
}

// see counts batches that a server tells.
func (t *loadTarget) see(m *pb.DecisionsResponse) {
	t.dropped.Add(int64(m.GetDropped()))
	for _, told := range m.GetDecisions() {
		var d metrics.Decision
		if err := json.Unmarshal(told.GetJson(), &d); err != nil {
			t.dropped.Add(1)
			continue
		}
		t.batches.Record(&d)
	}
}

func (t *loadTarget) close(ctx context.Context) error {
	t.stop()
	limited, stop := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer stop()
	return errors.Join(t.Close(limited))
}

// Audit lets the books be compared with what was sent.
func (t *loadTarget) Audit() job.Audit {
	return t.Doer.(interface{ Audit() job.Audit }).Audit()
}
