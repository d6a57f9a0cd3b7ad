package scheduler_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// doors are the ways to submit one job and wait for it.
var doors = map[string]func(*scheduler.Scheduler, context.Context, job.Job) error{
	"Do": func(s *scheduler.Scheduler, ctx context.Context, j job.Job) error { return s.Do(ctx, j) },
	"Submit": func(s *scheduler.Scheduler, ctx context.Context, j job.Job) error {
		h, err := s.Submit(ctx, j)
		if err != nil {
			return err
		}
		return h.Wait(background)
	},
	"DoAll": func(s *scheduler.Scheduler, ctx context.Context, j job.Job) error {
		return s.DoAll(ctx, []job.Job{j})
	},
	"SubmitAll": func(s *scheduler.Scheduler, ctx context.Context, j job.Job) error {
		hs, err := s.SubmitAll(ctx, []job.Job{j})
		if err != nil {
			return err
		}
		return hs[0].Wait(background)
	},
}

// product is 3x4 * 4x2 over one piece of memory, with guards around each
// operand.
type product struct {
	memory [64]float32
	job    job.Matmul
}

const guard = -12345

func newProduct() *product {
	p := &product{}
	for i := range p.memory {
		p.memory[i] = guard
	}
	p.job.A, p.job.B, p.job.C = p.matrix(4, 3, 4), p.matrix(20, 4, 2), p.matrix(32, 3, 2)
	p.job.Tenant = "careless"
	return p
}

func (p *product) all() tensor.View { return tensor.Vector(p.memory[:]) }

func (p *product) matrix(at, rows, cols int) tensor.View {
	return p.all().Strided(tensor.Dims{1, rows, cols}, tensor.Dims{0, cols, 1}, at)
}

// badMatmuls spoil a product; each names the field that is to blame.
var badMatmuls = map[string]struct {
	field string
	spoil func(p *product)
}{
	"no A":               {"A", func(p *product) { p.job.A = tensor.View{} }},
	"no B":               {"B", func(p *product) { p.job.B = tensor.View{} }},
	"no C":               {"C", func(p *product) { p.job.C = tensor.View{} }},
	"memory of a device": {"A", func(p *product) { p.job.A = tensor.Window(nil, 48, tensor.F32, p.job.A.Dims(), p.job.A.Strides(), 0) }},
	"K differs":          {"B.rows", func(p *product) { p.job.B = p.matrix(20, 3, 2) }},
	"M differs":          {"C.rows", func(p *product) { p.job.C = p.matrix(32, 4, 2) }},
	"N differs":          {"C.cols", func(p *product) { p.job.C = p.matrix(32, 3, 3) }},
	"transposed":         {"B.rows", func(p *product) { p.job.TransA = true }},
	"batch of A":         {"A.batch", func(p *product) { p.job.A = p.job.A.Broadcast(2) }},
	"batch of B":         {"B.batch", func(p *product) { p.job.B = p.job.B.Broadcast(3) }},
	"bias":               {"Bias", func(p *product) { p.job.Bias = p.matrix(50, 1, 3) }},
	"bias of a batch":    {"Bias", func(p *product) { p.job.Bias = p.matrix(50, 1, 2).Broadcast(2) }},
	"strides beyond":     {"A", func(p *product) { p.job.A = p.all().Strided(tensor.Dims{1, 3, 4}, tensor.Dims{0, 40, 1}, 0) }},
	"offset beyond":      {"B", func(p *product) { p.job.B = p.all().Strided(tensor.Dims{1, 4, 2}, tensor.Dims{0, 2, 1}, 60) }},
	"negative stride":    {"A", func(p *product) { p.job.A = p.all().Strided(tensor.Dims{1, 3, 4}, tensor.Dims{0, -4, 1}, 12) }},
	"negative size":      {"C", func(p *product) { p.job.C = p.all().Strided(tensor.Dims{1, -3, 2}, tensor.Dims{0, 2, 1}, 0) }},
	"size overflows":     {"A", func(p *product) { p.job.A = p.all().Strided(tensor.Dims{1 << 31, 1 << 31, 4}, tensor.Dims{}, 0) }},
	"strides overflow": {"A", func(p *product) {
		p.job.A = p.all().Strided(tensor.Dims{1, 3, 4}, tensor.Dims{0, math.MaxInt / 2, 1}, 0)
	}},
	"broadcast overflows": {"B", func(p *product) { hugeBatch(p) }},
	"slice beyond":        {"A", func(p *product) { p.job.A = p.job.A.Slice(0, 4, 0, 4) }},
	"C repeats":           {"C", func(p *product) { p.job.C = p.all().Strided(tensor.Dims{1, 3, 2}, tensor.Dims{0, 1, 1}, 32) }},
	"C over A":            {"C", func(p *product) { p.job.C = p.matrix(12, 3, 2) }},
	"C over B":            {"C", func(p *product) { p.job.C = p.matrix(27, 3, 2) }},
	"C over Bias":         {"C", func(p *product) { p.job.Bias = p.matrix(33, 1, 2) }},
	"types of A and B":    {"problem", func(p *product) { p.job.B = tensor.Matrix(make([]tensor.Float16, 8), 4, 2) }},
	"type of C":           {"problem", func(p *product) { p.job.C = tensor.Matrix(make([]tensor.BFloat16, 6), 3, 2) }},
	"two half types": {"problem", func(p *product) {
		p.job.A, p.job.B = tensor.Matrix(make([]tensor.Float16, 12), 3, 4), tensor.Matrix(make([]tensor.BFloat16, 8), 4, 2)
	}},
	"priority": {"Priority", func(p *product) { p.job.Priority = 3 }},
	"too large": {"size", func(p *product) { // 2^40 numbers that are all the same one
		p.job.A = p.all().Strided(tensor.Dims{1, 3, 1 << 40}, tensor.Dims{}, 4)
		p.job.B = p.all().Strided(tensor.Dims{1, 1 << 40, 2}, tensor.Dims{}, 4)
	}},
}

// hugeBatch has so many empty results that the operands they broadcast to are
// too many to count.
func hugeBatch(p *product) {
	const batch = math.MaxInt / 2
	p.job.A = p.all().Strided(tensor.Dims{1, 0, 4}, tensor.Dims{}, 0)
	p.job.C = p.all().Strided(tensor.Dims{batch, 0, 2}, tensor.Dims{}, 0)
}

func TestBadMatmul(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	stop := bystander(t, s)
	n := 0
	for name, c := range badMatmuls {
		for door, submit := range doors {
			p := newProduct()
			c.spoil(p)
			refusedJob(t, submit(s, background, &p.job), name+" by "+door, c.field)
			for _, x := range p.memory {
				require.EqualValues(t, guard, x, name)
			}
			n++
			require.EqualValues(t, n, s.TenantAudit("careless").Rejected, "%s by %s", name, door)
		}
	}
	stop()
	audit := s.TenantAudit("careless")
	require.True(t, audit.Balances())
	require.EqualValues(t, n, audit.Submitted)
}

func refusedJob(t *testing.T, err error, what, field string) {
	t.Helper()
	var invalid *job.InvalidError
	require.ErrorAs(t, err, &invalid, what)
	require.ErrorIs(t, err, job.ErrInvalid, what)
	require.Equal(t, field, invalid.Field, "%s: %v", what, err)
	require.True(t, invalid.Cause != nil || invalid.Allowed != "", "%s: %v", what, err)
}

// bystander runs good jobs all the while; stop checks that none was disturbed.
func bystander(t *testing.T, s *scheduler.Scheduler) (stop func()) {
	shared := loadShared(t, s)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		m := newMaker(77)
		for i := 0; ; i++ {
			c := m.any(shared)
			if err := s.Do(background, c.job); err != nil {
				t.Errorf("bystander %d: %v", i, err)
			} else if err := c.computed(); err != nil {
				t.Errorf("bystander %d: %v", i, err)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	return func() { close(done); <-ended }
}

func TestBadSoftmax(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	rows := func() tensor.View { return tensor.Matrix([]float32{1, 2, 3, 4, 5, 6}, 2, 3) }
	for name, c := range map[string]struct {
		field string
		job   job.Softmax
	}{
		"no X":                {"X", job.Softmax{}},
		"X is broken":         {"X", job.Softmax{X: rows().Slice(0, 9, 0, 1)}},
		"Y's type":            {"Y.dtype", job.Softmax{X: rows(), Y: tensor.Matrix(make([]tensor.Float16, 6), 2, 3)}},
		"Y's shape":           {"Y.shape", job.Softmax{X: rows(), Y: tensor.Matrix(make([]float32, 6), 3, 2)}},
		"Y repeats":           {"Y", job.Softmax{X: rows(), Y: rows().Strided(tensor.Dims{1, 2, 3}, tensor.Dims{0, 0, 1}, 0)}},
		"in place, X repeats": {"Y", job.Softmax{X: rows().Strided(tensor.Dims{1, 2, 3}, tensor.Dims{0, 0, 1}, 0)}},
		"offset":              {"QueryOffset", job.Softmax{X: rows(), Causal: true, QueryOffset: -1}},
		"offset too far":      {"QueryOffset", job.Softmax{X: rows(), Causal: true, QueryOffset: math.MaxInt}},
		"offset no mask":      {"QueryOffset", job.Softmax{X: rows(), QueryOffset: 1}},
		"priority":            {"Priority", job.Softmax{X: rows(), Options: job.Options{Priority: -2}}},
	} {
		for door, submit := range doors {
			refusedJob(t, submit(s, background, &c.job), name+" by "+door, c.field)
		}
	}
	x := tensor.Vector([]float32{1, 2, 3, 4, 5, 6, 7})
	half := job.Softmax{
		X: x.Strided(tensor.Dims{1, 2, 3}, tensor.Dims{0, 3, 1}, 0),
		Y: x.Strided(tensor.Dims{1, 2, 3}, tensor.Dims{0, 3, 1}, 1),
	}
	refusedJob(t, s.Do(background, &half), "Y half over X", "Y")
	require.Equal(t, []float32{1, 2, 3, 4, 5, 6, 7}, values(x))
}

// embedded shows that a job may be part of something of the caller's own.
type embedded struct{ *job.Matmul }

func TestNoJob(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	for name, j := range map[string]job.Job{
		"nil": nil, "matmul": (*job.Matmul)(nil), "softmax": (*job.Softmax)(nil), "embedded": embedded{},
	} {
		for door, submit := range doors {
			refusedJob(t, submit(s, background, j), name+" by "+door, "job")
		}
	}
	require.EqualValues(t, 4*len(doors), s.Audit().Rejected)
}

func TestForeignOperands(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	other := start(t, scheduler.Config{Device: openCPU(t)})
	theirs, released := square(t, other, 4), square(t, s, 4)
	released.Release()
	nobodys := (&tensor.Resident{}).Of(tensor.Matrix(make([]float32, 16), 4, 4))
	for door, submit := range doors {
		refusedJob(t, submit(s, background, newProbe(theirs, job.Options{}).Matmul), door, "operand")
		p := newProbe(released, job.Options{})
		require.ErrorIs(t, submit(s, background, p.Matmul), job.ErrReleased, door)
		p.A = nobodys
		refusedJob(t, submit(s, background, p.Matmul), door, "operand")
		p.untouched(t)
	}
	require.EqualValues(t, 3*len(doors), s.Audit().Rejected)
}

func TestALoadedOperandTakesNoResult(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	w := square(t, s, 4)
	j := &job.Matmul{A: tensor.Matrix(make([]float32, 16), 4, 4), B: tensor.Matrix(make([]float32, 16), 4, 4), C: w.View()}
	refusedJob(t, s.Do(background, j), "matmul", "C")
	refusedJob(t, s.Do(background, &job.Softmax{X: w.View()}), "softmax in place", "Y")
}

func TestTooLateToSubmit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := seconds(1)
		s := start(t, scheduler.Config{Device: d})
		w := square(t, s, 4)
		cancelled, cancel := context.WithCancel(background)
		cancel()
		expired, cancel := context.WithTimeout(background, 0)
		defer cancel()
		for door, submit := range doors {
			p := newProbe(w, job.Options{})
			err := submit(s, cancelled, p.Matmul)
			require.ErrorIs(t, err, job.ErrCancelled, door)
			require.ErrorIs(t, err, context.Canceled, door)
			err = submit(s, expired, p.Matmul)
			require.ErrorIs(t, err, job.ErrExpired, door)
			require.ErrorIs(t, err, context.DeadlineExceeded, door)
			p.Deadline = time.Now()
			require.ErrorIs(t, submit(s, background, p.Matmul), job.ErrExpired, door)
			p.untouched(t)
		}
		require.EqualValues(t, 3*len(doors), s.Audit().Rejected)
		require.Zero(t, d.Batches())
	})
}

// TestTheStructMayBeReused changes a job right after Submit.
func TestTheStructMayBeReused(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	w := loadShared(t, s)[0]
	m := newMaker(3)
	var checks []*check
	var handles []job.Handle
	j := &job.Matmul{}
	for range 20 {
		c := m.matmul(w, 1)
		*j = *c.job.(*job.Matmul)
		h, err := s.Submit(background, j)
		require.NoError(t, err)
		*j = job.Matmul{}
		checks, handles = append(checks, c), append(handles, h)
	}
	for i, h := range handles {
		require.NoError(t, h.Wait(background))
		require.NoError(t, checks[i].computed())
	}
}
