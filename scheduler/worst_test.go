package scheduler_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// worst is an input that a careless or hostile caller could write.
type worst struct {
	name  string
	spoil func(p *product)
	ctx   context.Context
	is    error  // what the refusal must match
	field string // what an *InvalidError must name
}

// worstInputs are the ten worst we could think of: to read or write memory of
// others, to make sizes overflow, to exhaust memory, to have results disagree
// with themselves, to use what is gone or is somebody else's, to arrive too
// late, and to bring nothing.
func worstInputs(own, released, foreign *scheduler.Operand) []worst {
	return []worst{
		{"reads beyond its memory", func(p *product) {
			p.job.A = p.all().Strided(tensor.Dims{1, 3, 4}, tensor.Dims{0, 1 << 20, 1}, 0)
		}, background, job.ErrInvalid, "A"},
		{"writes before its memory", func(p *product) {
			p.job.C = p.all().Strided(tensor.Dims{1, 3, 2}, tensor.Dims{0, 2, 1}, -64)
		}, background, job.ErrInvalid, "C"},
		{"sizes that overflow to something small", func(p *product) {
			p.job.B = p.all().Strided(tensor.Dims{1 << 32, 1 << 31, 2}, tensor.Dims{}, 0)
		}, background, job.ErrInvalid, "B"},
		{"four terabytes out of one number", func(p *product) {
			p.job.A = p.all().Strided(tensor.Dims{1, 3, 1 << 40}, tensor.Dims{}, 4)
			p.job.B = p.all().Strided(tensor.Dims{1, 1 << 40, 2}, tensor.Dims{}, 4)
		}, background, job.ErrInvalid, "size"},
		{"writes over what it reads", func(p *product) { p.job.C = p.matrix(5, 3, 2) }, background, job.ErrInvalid, "C"},
		{"writes a weight that others use", func(p *product) {
			p.job.A, p.job.B, p.job.C = p.matrix(0, 4, 4), p.matrix(16, 4, 4), own.View()
		}, background, job.ErrInvalid, "C"},
		{"uses a weight after its release", func(p *product) { p.use(released) }, background, job.ErrReleased, ""},
		{"uses another scheduler's weight", func(p *product) { p.use(foreign) }, background, job.ErrInvalid, "operand"},
		{"a deadline in 1677 at a priority of its own", func(p *product) {
			p.job.Deadline, p.job.Priority = time.Unix(0, math.MinInt64), job.High
		}, background, job.ErrExpired, ""},
		{"no context", func(*product) {}, nil, job.ErrInvalid, "context"},
	}
}

// use multiplies with a loaded 4 x 4 operand.
func (p *product) use(w *scheduler.Operand) {
	p.job.A, p.job.B, p.job.C = w.View(), p.matrix(20, 4, 2), p.matrix(32, 4, 2)
}

// TestTenWorstInputs submits each by every door between two jobs of a
// neighbour, with the same weight and a batch before them to gather behind.
func TestTenWorstInputs(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	other := start(t, scheduler.Config{Device: openCPU(t)})
	released := square(t, s, 4)
	released.Release()
	shared := loadShared(t, s)[0]
	inputs := worstInputs(square(t, s, 4), released, square(t, other, 4))
	require.Len(t, inputs, 10)
	m := newMaker(10)
	n := 0
	for _, c := range inputs {
		for door, submit := range doors {
			before, after := m.matmul(shared, 1), m.matmul(shared, 1)
			first, err := s.Submit(background, before.job)
			require.NoError(t, err)

			p := newProduct()
			c.spoil(p)
			err = submit(s, c.ctx, &p.job)
			second, neighbours := s.Submit(background, after.job)

			require.ErrorIs(t, err, c.is, "%s by %s", c.name, door)
			var invalid *job.InvalidError
			require.Equal(t, c.field != "", errors.As(err, &invalid), "%s by %s: %v", c.name, door, err)
			if c.field != "" {
				require.Equal(t, c.field, invalid.Field, "%s by %s", c.name, door)
			}
			for i, x := range p.memory {
				require.EqualValues(t, guard, x, "%s by %s: word %d", c.name, door, i)
			}
			require.NoError(t, neighbours)
			require.NoError(t, first.Wait(background))
			require.NoError(t, second.Wait(background))
			require.NoError(t, before.computed(), "the neighbour of %s", c.name)
			require.NoError(t, after.computed(), "the neighbour of %s", c.name)
			n++
			require.EqualValues(t, n, s.TenantAudit("careless").Rejected, "%s by %s", c.name, door)
		}
	}
	require.EqualValues(t, 2*n, s.Audit().Done)
}
