//go:build !race

package job_test

// The race detector allocates, and empties pools at random.

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestArrangeDoesNotAllocate(t *testing.T) {
	m := job.Matmul{
		A: matrix(1, 8, 4), B: matrix(3, 4, 6), C: matrix(3, 8, 6), Bias: tensor.Vector(make([]float32, 6)),
		TransA: false, Scale: job.AlphaBeta(2, 1),
	}
	var f job.Form
	for _, orient := range []job.Orient{asWritten, mirrored} {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if m.Arrange(&f, orient) != nil || f.Volume() == 0 || f.Units() != 3 {
				t.Error("not arranged")
			}
		}))
	}
	s := job.Softmax{X: matrix(2, 3, 4), Causal: true}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if s.Arrange(&f, nil) != nil {
			t.Error("not arranged")
		}
	}))
	a := job.Attention{Q: matrix(4, 3, 4), K: matrix(2, 5, 4), V: matrix(2, 5, 6), O: matrix(4, 3, 6), Causal: true}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if a.Arrange(&f, nil) != nil || f.Units() != 2 {
			t.Error("not arranged")
		}
	}))
}

// TestAwaitDoesNotAllocate: one caller that waits for one job at a time, as
// most do.
func TestAwaitDoesNotAllocate(t *testing.T) {
	a := job.NewLedger(job.Limits{Jobs: 4, Bytes: 1 << 20}).Account("a")
	var l job.Life
	work, told := make(chan struct{}), make(chan struct{})
	defer close(work)
	go func() {
		for range work {
			if l.Hold() {
				l.Release(job.Done, nil)
			}
			told <- struct{}{}
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	require.Zero(t, testing.AllocsPerRun(200, func() {
		if a.Admit(1, 64) != nil {
			t.Error("refused")
		}
		l.Init(a.Lease(64), nil)
		work <- struct{}{}
		if l.Await(ctx) != nil {
			t.Error("not done")
		}
		<-told
		l.Reset()
	}))
}

func TestFlushDoesNotAllocate(t *testing.T) {
	const n = 32
	a := job.NewLedger(job.Limits{}).Account("a")
	g := job.NewGroup()
	lives := make([]job.Life, n)
	var s job.Settlement
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if a.Admit(n, 64*n) != nil {
			t.Error("refused")
		}
		g.Expect(n)
		for i := range lives {
			l := &lives[i]
			l.Init(a.Lease(64), g)
			l.Hold()
			s.Add(l, job.Done, nil)
		}
		if s.Flush() != 1 || g.Wait(context.Background()) != nil {
			t.Error("not one caller")
		}
		for i := range lives {
			lives[i].Reset()
		}
	}))
}
