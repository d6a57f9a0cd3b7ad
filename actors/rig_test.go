package actors

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

var background = context.Background()

// rig is an engine on a simulated device, with the means to make tasks for it.
type rig struct {
	*Engine
	t      testing.TB
	sim    *sim.Device
	plans  *policy.Cache
	refs   []*Task // tasks whose ends are checked when the rig closes
	closed bool
}

// newRig opens an engine and closes it when the test ends, if the test has not
// done so. Then every job has ended, every task was dropped once by the engine,
// and the device has all its memory back.
func newRig(t testing.TB, s sim.Config, change func(*Config)) *rig {
	t.Helper()
	d := sim.Open(s)
	r := &rig{t: t, sim: d, plans: policy.NewCache(d.Info().Caps, policy.DefaultPrefs(), kernels.Default)}
	cfg := Config{
		Device: d, Ledger: job.NewLedger(job.Limits{}), Cache: device.NewCache(d, 64),
		Costs:  policy.NewCostModel(policy.Prior{Bandwidth: 1e12, Flops: 1e12, Launch: time.Microsecond}),
		Tuning: policy.DefaultPickTuning(),
		Shards: 1, MaxColumns: 64, MaxJobs: 1 << 30, MaxProblems: 64, MaxTime: time.Second,
		GroupTime: time.Millisecond, Handover: 20 * time.Microsecond, InPlaceBytes: -1,
	}
	if change != nil {
		change(&cfg)
	}
	e, err := Open(cfg)
	require.NoError(t, err)
	r.Engine = e
	t.Cleanup(func() { r.close(background) })
	return r
}

// close closes the engine once and checks what must hold after it.
func (r *rig) close(ctx context.Context) (err error) {
	if r.closed {
		return nil
	}
	r.closed = true
	err = r.Close(ctx)
	r.check()
	return err
}

// check checks what must hold after the engine has closed, when the device has
// let go of everything.
func (r *rig) check() {
	a := r.Ledger.Audit()
	require.True(r.t, a.Balances() && a.InFlight == 0 && a.Bytes == 0, "%+v", a)
	require.Zero(r.t, r.sim.BytesInUse(), "device memory after Close")
	require.Zero(r.t, r.Waiting(), "tasks in buckets after Close")
	for i, t := range r.refs {
		require.True(r.t, t.Ended(), "job %d", i)
		require.EqualValues(r.t, 1, 2-t.drops.Load(), "shares in job %d", i)
		require.Equal(r.t, [Operands]Memory{}, t.Memory, "operands of job %d", i)
	}
	require.NoError(r.t, r.sim.Close())
}

// task admits a job. Its own share in the task is never dropped, so that a
// test may look at it.
func (r *rig) task(j job.Job) *Task {
	r.t.Helper()
	t := NewTask()
	require.NoError(r.t, j.Arrange(&t.Form, policy.Orient))
	plan, err := r.plans.Plan(t.Form.Problem)
	require.NoError(r.t, err)
	o := job.OptionsOf(j)
	t.Keep, t.Plan, t.Units, t.Class, t.Deadline = true, plan, t.Form.Units(), o.Priority.Class(), o.Deadline
	t.Account, t.Arrived = r.Ledger.Account(o.Tenant), r.Now()
	bytes := t.Form.Volume()
	require.NoError(r.t, t.Account.Admit(1, bytes))
	t.Init(t.Account.Lease(bytes), nil)
	r.refs = append(r.refs, t)
	return t
}

// submit admits jobs and hands them over, all at once.
func (r *rig) submit(js ...job.Job) (ts []*Task) {
	r.t.Helper()
	for _, j := range js {
		ts = append(ts, r.task(j))
	}
	r.SubmitAll(ts)
	return ts
}

// wait waits for tasks without the channels that package job keeps in pools,
// which must not cross the border of a synctest bubble.
func wait(ts ...*Task) {
	for _, t := range ts {
		done := make(chan struct{})
		t.OnEnd(func() { close(done) })
		<-done
	}
}

func requireDone(t testing.TB, ts ...*Task) {
	t.Helper()
	for i, task := range ts {
		o, err := task.Result()
		require.NoError(t, err, "job %d", i)
		require.Equal(t, job.Done, o, "job %d", i)
	}
}

// at runs f on the actors' goroutine, between two messages.
func (r *rig) at(f func()) {
	done := make(chan struct{})
	m := &mailbox{loop: r.loop, invoker: invoker{user: func(any) {
		defer close(done)
		f()
	}}}
	m.PostUserMessage(done)
	<-done
}

// invoker is an actor's inside made of functions.
type invoker struct {
	user, system func(message any)
	failure      func(reason, message any)
}

func (i invoker) InvokeUserMessage(message any)       { i.user(message) }
func (i invoker) InvokeSystemMessage(message any)     { i.system(message) }
func (i invoker) EscalateFailure(reason, message any) { i.failure(reason, message) }

// fill returns a matrix of small integers, so that products are exact.
func fill(rows, cols, seed int) tensor.View {
	xs := make([]float32, rows*cols)
	for i := range xs {
		xs[i] = float32((i*7+seed*13)%5 - 2)
	}
	return tensor.Matrix(xs, rows, cols)
}

// product is a matmul with n columns against a weight.
func product(w tensor.View, n, seed int) *job.Matmul {
	return &job.Matmul{A: w, B: fill(w.Cols(), n, seed), C: fill(w.Rows(), n, seed+1)}
}

// requireProduct checks C against a dumb product, given what C was before.
func requireProduct(t testing.TB, j *job.Matmul, before tensor.View) {
	t.Helper()
	alpha, beta := j.Scale.Factors()
	for i := range j.C.Rows() {
		for col := range j.C.Cols() {
			want := float32(0)
			for k := range j.A.Cols() {
				want += j.A.Value(0, i, k) * j.B.Value(0, k, col)
			}
			want *= alpha
			if beta != 0 {
				want += beta * before.Value(0, i, col)
			}
			if !j.Bias.IsZero() {
				want += j.Bias.Value(0, 0, col)
			}
			require.Equal(t, want, j.C.Value(0, i, col), "row %d column %d", i, col)
		}
	}
}

func clone(v tensor.View) tensor.View {
	c := tensor.Matrix(make([]float32, v.Len()), v.Rows(), v.Cols())
	tensor.Copy(c, v)
	return c
}

// computing returns a cpu device for sim.Config.Inner.
func computing(t testing.TB) device.Device {
	d, err := cpu.Open(cpu.Config{Threads: 1})
	require.NoError(t, err)
	return d
}

// operand is a Memory that counts its users.
type operand struct {
	buffer  device.Buffer
	users   atomic.Int64
	staging StagingRing
}

func (o *operand) Buffer() device.Buffer     { return o.buffer }
func (o *operand) StagingRing() *StagingRing { return &o.staging }
func (o *operand) Release(n int)             { o.users.Add(-int64(n)) }

// load returns a weight on the device and a function that makes a task use it.
func (r *rig) load(v tensor.View) (*operand, tensor.View) {
	buf, err := r.sim.Alloc(device.SpaceShared, v.Len()*v.DType().Size())
	require.NoError(r.t, err)
	in := device.In(buf, v.DType(), v.Dims(), 0)
	tensor.Copy(in.View, v)
	return &operand{buffer: buf}, new(tensor.Resident).Of(in.View)
}

func (o *operand) use(t *Task) *Task {
	o.users.Add(1)
	t.Memory[OperandA] = o
	return t
}

// noLeaks fails the test if it leaves goroutines behind.
func noLeaks(t *testing.T) {
	known := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, known) })
}
