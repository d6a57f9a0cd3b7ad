package loadtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// slowDoer takes a time for each job and computes it, if asked to. It stands
// still for a while.
type slowDoer struct {
	job.Doer  // what a load does not call
	service   func(now time.Duration) time.Duration
	result    func(j job.Job) error
	start     time.Time
	mu        sync.Mutex
	jobs      []job.Options
	loaded    int
	released  int
	audit     job.Audit
	offByOne  bool
	maxAtOnce int
	atOnce    int
}

func newSlowDoer(service func(now time.Duration) time.Duration) *slowDoer {
	return &slowDoer{service: service, start: time.Now(), result: func(job.Job) error { return nil }}
}

func always(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func (d *slowDoer) enter(j job.Job) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.jobs = append(d.jobs, *job.OptionsOf(j))
	d.audit.Submitted++
	d.atOnce++
	d.maxAtOnce = max(d.maxAtOnce, d.atOnce)
	return d.service(time.Since(d.start))
}

func (d *slowDoer) Do(ctx context.Context, j job.Job) (err error) {
	wait := d.enter(j)
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.atOnce--
		o := outcomeOf(err, true, true)
		d.audit.Done += o.Done
		d.audit.Failed += o.Failed
		d.audit.Cancelled += o.Cancelled
		d.audit.Expired += o.Expired
		d.audit.Rejected += o.Malformed + o.Full
	}()
	var form job.Form
	if err := j.Arrange(&form, func(a, b bool) (bool, string) { return false, "" }); err != nil {
		return err
	}
	var late <-chan time.Time
	if at := job.OptionsOf(j).Deadline; !at.IsZero() {
		late = time.After(time.Until(at))
	}
	select {
	case <-time.After(wait):
		return d.result(j)
	case <-late:
		return job.ErrExpired
	case <-ctx.Done():
		return job.ErrCancelled
	}
}

func (d *slowDoer) Audit() job.Audit {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.audit
	if d.offByOne {
		a.Done++
	}
	return a
}

// LoadOperand keeps the matrix where it is.
func (d *slowDoer) LoadOperand(v tensor.View) (job.Operand, error) {
	d.loaded++
	return &keptOperand{v, d}, nil
}

type keptOperand struct {
	view tensor.View
	doer *slowDoer
}

func (o *keptOperand) View() tensor.View        { return o.view }
func (o *keptOperand) T() tensor.View           { return o.view.T() }
func (o *keptOperand) Update(tensor.View) error { return errors.New("not for a load") }
func (o *keptOperand) Release()                 { o.doer.released++ }

// compute is the result of a product or softmax, plainly.
func compute(j job.Job) error {
	if m, ok := j.(*job.Matmul); ok {
		a, b, c := m.A, m.B, m.C
		if m.TransA {
			a = a.T()
		}
		if m.TransB {
			b = b.T()
		}
		d := c.Dims()
		for n := range d[0] {
			for i := range d[1] {
				for j := range d[2] {
					sum := float32(0)
					if !m.Bias.IsZero() {
						sum = m.Bias.Value(0, 0, j)
					}
					for p := range a.Cols() {
						sum += a.Value(n, i, p) * b.Value(n, p, j)
					}
					c.SetValue(n, i, j, sum)
				}
			}
		}
	}
	return nil
}
