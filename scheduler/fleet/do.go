package fleet

import (
	"context"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Do submits a job and waits for its end. Where no device has its operands it
// waits for them to be loaded, too.
func (f *Fleet) Do(ctx context.Context, j job.Job) error {
	for try := 1; ; try++ {
		m, err := f.place(ctx, j, nil, nil)
		if err == nil {
			err = m.s.Do(ctx, j)
			switch {
			case !scheduler.IsMissing(err):
				return err
			case f.again(try):
				continue
			}
		}
		return f.refuse(j, err)
	}
}

// Submit hands a job over and returns its handle: at once, but where no device
// has its operands, when they are loaded.
func (f *Fleet) Submit(ctx context.Context, j job.Job) (job.Handle, error) {
	for try := 1; ; try++ {
		m, err := f.place(ctx, j, nil, nil)
		if err == nil {
			var h job.Handle
			h, err = m.s.Submit(ctx, j)
			switch {
			case !scheduler.IsMissing(err):
				return h, err
			case f.again(try):
				continue
			}
		}
		return job.Handle{}, f.refuse(j, err)
	}
}

// again reports whether a job is placed once more after so many tries, for each of
// which a device went when the job was placed there: so many may go.
func (f *Fleet) again(tries int) bool { return tries <= len(f.members) }

// refuse counts a job that no member was given.
func (f *Fleet) refuse(j job.Job, err error) error {
	f.common.Ledger.Account(job.OptionsOf(j).Tenant).Reject(1)
	return err
}

// Explain returns the kernel that a job would get now, on the device where it
// would run. Nothing is loaded for it.
func (f *Fleet) Explain(j job.Job) (plan *kernels.Plan, orientation string, err error) {
	m := f.first()
	q := f.newQuestion()
	defer q.recycle()
	if j != nil && j.Arrange(&q.form, policy.Orient) == nil && q.needs(f) && len(q.operands) > 0 {
		f.mu.Lock()
		if home := q.operands[0].home; home >= 0 && f.members[home].state != lost {
			m = f.members[home]
		}
		f.mu.Unlock()
	}
	return m.s.Explain(j)
}

// SubmitEach hands over many jobs, each accepted or refused on its own: those of
// one device together. A job that has to wait makes those after it wait, too;
// those before it run meanwhile, wherever that is.
func (f *Fleet) SubmitEach(ctx context.Context, each []scheduler.Each, told func(i int)) {
	var out scheduler.Outbox
	defer out.HandOver() // also what was accepted when told panics
	for i := range each {
		f.submitTo(ctx, &out, &each[i])
		if told != nil {
			told(i)
		}
	}
}

func (f *Fleet) submitTo(ctx context.Context, out *scheduler.Outbox, e *scheduler.Each) {
	for try := 1; ; try++ {
		m, err := f.place(ctx, e.Job, nil, out)
		if err == nil {
			out.Submit(ctx, m.s, e)
			switch err = e.Err; {
			case !scheduler.IsMissing(err):
				return
			case f.again(try):
				continue
			}
		}
		e.Err = f.refuse(e.Job, err)
		return
	}
}
