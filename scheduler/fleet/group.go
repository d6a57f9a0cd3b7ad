package fleet

import (
	"context"
	"fmt"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// group is jobs that are placed together: each counts before it is submitted, and
// none is before all have what they need, side by side. A nil group is empty.
type group struct {
	fleet  *Fleet
	held   []*slot
	needed map[*slot]bool // by the jobs so far
	each   []int64        // the bytes of these, by member
}

func (f *Fleet) newGroup() *group {
	return &group{fleet: f, needed: map[*slot]bool{}, each: make([]int64, len(f.members))}
}

// keep notes what another job needs on its member.
func (g *group) keep(q *question, m *member) {
	if g == nil {
		return
	}
	for _, v := range q.versions {
		if s := &v.slots[m.index]; !g.needed[s] {
			g.needed[s] = true
			g.each[m.index] += v.bytes
		}
	}
}

// beside returns the bytes that the jobs so far need on a member besides what
// another one does.
func (g *group) beside(q *question, m *member) int64 {
	if g == nil {
		return 0
	}
	bytes := g.each[m.index]
	for _, v := range q.versions {
		if g.needed[&v.slots[m.index]] {
			bytes -= v.bytes
		}
	}
	return bytes
}

// hold keeps others from taking what a job needs on its member. f.mu is held.
func (g *group) hold(q *question, m *member) {
	if g == nil {
		return
	}
	for _, v := range q.versions {
		s := &v.slots[m.index]
		s.pending++
		g.held = append(g.held, s)
	}
}

// letGo undoes the last hold, of a job that could not have what it needs there.
func (g *group) letGo(q *question) {
	if g != nil {
		g.release(len(g.held) - len(q.versions))
	}
}

// done is called when all are placed: from their submission on they count
// themselves.
func (g *group) done() { g.release(0) }

// release lets go of all but the first n that are held.
func (g *group) release(n int) {
	g.fleet.mu.Lock()
	defer g.fleet.mu.Unlock()
	for _, s := range g.held[n:] {
		s.pending--
	}
	g.held = g.held[:n]
}

// DoAll submits many jobs at once, accepted together or not at all on whatever
// devices they run, and waits for all. What they need is held there until all are
// placed, so it must fit side by side: else none is, with job.ErrInvalid. What others
// take of it before all are accepted is brought again.
func (f *Fleet) DoAll(ctx context.Context, jobs []job.Job) error {
	for try := 1; ; try++ {
		on, err := f.placeAll(ctx, jobs)
		if err == nil {
			err = scheduler.DoAllOn(ctx, jobs, on)
			switch {
			case !scheduler.IsMissing(err):
				return err
			case f.again(try):
				continue
			}
		}
		return f.refuseAll(jobs, err)
	}
}

// SubmitAll is DoAll without waiting.
func (f *Fleet) SubmitAll(ctx context.Context, jobs []job.Job) ([]job.Handle, error) {
	for try := 1; ; try++ {
		on, err := f.placeAll(ctx, jobs)
		if err == nil {
			var handles []job.Handle
			handles, err = scheduler.SubmitAllOn(ctx, jobs, on)
			switch {
			case !scheduler.IsMissing(err):
				return handles, err
			case f.again(try):
				continue
			}
		}
		return nil, f.refuseAll(jobs, err)
	}
}

// placeAll chooses the scheduler of each job.
func (f *Fleet) placeAll(ctx context.Context, jobs []job.Job) ([]*scheduler.Scheduler, error) {
	g := f.newGroup()
	defer g.done()
	on := make([]*scheduler.Scheduler, len(jobs))
	for i, j := range jobs {
		m, err := f.place(ctx, j, g, nil)
		if err != nil {
			return nil, fmt.Errorf("job %d of %d: %w", i, len(jobs), err)
		}
		on[i] = m.s
	}
	if len(jobs) == 0 {
		on = append(on, f.first().s)
	}
	return on, nil
}

func (f *Fleet) refuseAll(jobs []job.Job, err error) error {
	for _, j := range jobs {
		tenant := ""
		if j != nil {
			tenant = job.OptionsOf(j).Tenant
		}
		f.common.Ledger.Account(tenant).Reject(1)
	}
	return err
}
