package server

import (
	"context"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// intake turns messages into accepted jobs. One goroutine uses it; it keeps its
// memory from message to message.
type intake struct {
	server  *Server
	session *session // whose operands they use
	book    *book    // where they are remembered
	visit   visit
	whole   bool // all results go into one message

	reader  wire.Reader
	opened  []*entry // of a message's jobs
	entries []*entry // those of them that are to be run
	works   []wire.Work
	each    []scheduler.Each
	at      stage
	asked   string // the tenant that was asked for last
	tenant  string // and the one that it is
	known   bool
	taken   []*region   // that the job which is being read uses
	told    func(i int) // submitted
}

// stage is how far a message's jobs are.
type stage int

const (
	jobsRead      stage = iota // none has been handed to the scheduler
	jobsSubmitted              // some may have been
	jobsTaken                  // each runs or was refused
)

func (s *Server) newIntake(ctx context.Context, x *session, b *book, v visit) *intake {
	in := &intake{
		server: s, session: x, book: b, visit: v,
		reader: wire.Reader{MaxResult: s.room(ctx)},
	}
	in.reader.Find, in.told = in, in.submitted
	return in
}

// Operand implements wire.Finder.
func (in *intake) Operand(id uint64) (tensor.View, error) { return in.session.operand(id) }

// Named implements wire.Finder.
func (in *intake) Named(name string) (tensor.View, error) { return in.server.store.named(name) }

// Shared implements wire.Finder. The memory stays until the job has ended.
func (in *intake) Shared(m *pb.SharedMemory) ([]byte, error) {
	r, err := in.session.region(m.GetRegion())
	if err != nil {
		return nil, err
	}
	in.taken = append(in.taken, r)
	return r.part(m)
}

// take accepts or refuses jobs, each on its own or all together. The visit's
// listener is told of each in the end, also if it panics. ctx ends those that were
// accepted.
func (in *intake) take(ctx context.Context, jobs []*pb.Job, together bool) {
	in.server.taking.Add(1) // before a job sees that nothing is drained
	defer in.server.taking.Add(-1)
	in.reader.Now = time.Now()
	in.grow(len(jobs))
	defer in.clear()
	in.at = jobsRead
	in.opened = in.book.open(jobs, in.visit, in.opened)
	first := in.readAll(ctx, jobs, together)
	if first == nil && in.whole {
		first = in.fit()
	}
	if first != nil {
		in.server.refused.add(first, len(in.entries))
		in.refuse(first)
	} else {
		in.at = jobsSubmitted
		in.submit(ctx, together)
	}
	in.at = jobsTaken
}

// readAll reads the jobs that were opened. One that cannot be run is refused, or, if
// they are run all together, returned.
func (in *intake) readAll(ctx context.Context, jobs []*pb.Job, together bool) (first error) {
	for i, m := range jobs {
		e := in.opened[i]
		if e == nil {
			continue
		}
		w := &in.works[len(in.entries)]
		*w = wire.Work{}
		err := in.read(ctx, w, m)
		e.regions, in.taken = in.taken, nil
		switch {
		case err != nil && !together:
			in.server.refused.add(err, 1)
			e.refuse(err)
			continue
		case err != nil && first == nil:
			first = err
		}
		in.entries, in.each = append(in.entries, e), append(in.each, scheduler.Each{Job: w.Job})
	}
	return first
}

func (in *intake) read(ctx context.Context, w *wire.Work, m *pb.Job) error {
	if in.server.Draining() {
		return job.ErrDraining
	}
	if err := in.reader.Read(w, m); err != nil {
		return err
	}
	o := job.OptionsOf(w.Job)
	if !in.known || in.asked != o.Tenant {
		tenant, err := in.server.cfg.Tenant(ctx, o.Tenant)
		if err != nil {
			return err
		}
		in.asked, in.tenant, in.known = o.Tenant, tenant, true
	}
	o.Tenant, o.Wait = in.tenant, o.Wait && in.visit.epoch == 0 // a stream does not wait
	return nil
}

// fit finds out whether one message can have all results.
func (in *intake) fit() error {
	size := 0
	for i := range in.entries {
		size += len(in.works[i].Result) + aroundResult
	}
	return errTogether(size, in.reader.MaxResult)
}

func (in *intake) submit(ctx context.Context, together bool) {
	if together {
		in.submitAll(ctx)
	} else {
		in.submitEach(ctx)
	}
}

func (in *intake) submitEach(ctx context.Context) {
	if len(in.each) == 0 {
		return
	}
	in.server.cfg.Scheduler.SubmitEach(ctx, in.each, in.told)
}

// submitted goes on with a job that was accepted or refused by itself: those after
// it may have to wait, and its answer must not.
func (in *intake) submitted(i int) {
	e := in.entries[i]
	if err := in.each[i].Err; err != nil {
		e.refuse(err)
		return
	}
	e.run(in.each[i].Handle, &in.works[i])
}

func (in *intake) submitAll(ctx context.Context) {
	jobs := make([]job.Job, len(in.each))
	for i := range in.each {
		jobs[i] = in.each[i].Job
	}
	handles, err := in.server.cfg.Scheduler.SubmitAll(ctx, jobs)
	if err != nil {
		in.refuse(err)
		return
	}
	for i, e := range in.entries {
		e.run(handles[i], &in.works[i])
	}
}

// refuse refuses all.
func (in *intake) refuse(err error) { in.book.refuse(err, in.entries...) }

func (in *intake) grow(n int) {
	if cap(in.works) < n {
		in.works = make([]wire.Work, n)
	}
	in.works = in.works[:n]
}

// abandon ends the jobs that a panic has left.
func (in *intake) abandon() {
	for _, r := range in.taken {
		r.leave(false)
	}
	in.taken = nil
	in.book.abandon(in.opened, in.at == jobsSubmitted)
}

// clear lets go of the jobs' memory.
func (in *intake) clear() {
	if in.at != jobsTaken {
		in.abandon()
	}
	clear(in.works)
	clear(in.each)
	clear(in.opened)
	clear(in.entries)
	in.each, in.opened, in.entries = in.each[:0], in.opened[:0], in.entries[:0]
}
