package scheduler_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// documented are the errors that the doors may return.
var documented = []error{
	job.ErrInvalid, job.ErrQueueFull, job.ErrClosed, job.ErrCancelled, job.ErrExpired,
	job.ErrReleased, job.ErrQuarantined, job.ErrFailed, job.ErrHung,
}

func requireDocumented(t *testing.T, err error) {
	t.Helper()
	if err != nil && !slices.ContainsFunc(documented, func(kind error) bool { return errors.Is(err, kind) }) {
		t.Fatalf("undocumented error %v", err)
	}
}

// FuzzSubmit submits jobs over memory with guard words by every door. A refusal
// is a documented error and leaves the memory alone; what is accepted writes
// the elements of its result and no other byte. A neighbour's job gets its
// result all the same.
func FuzzSubmit(f *testing.F) {
	seedDice(f, 400)
	s := start(f, scheduler.Config{Device: openCPU(f), Limits: job.Limits{Bytes: 1 << 20}})
	w := loadShared(f, s)[0]
	small, err := s.Load(newMaker(4).matrix(tensor.F32, 1, 8, 8))
	require.NoError(f, err)
	names := []string{"Do", "Submit", "DoAll", "SubmitAll"}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &dice{data}
		door, ground := doors[names[d.roll(len(names))]], newField(d)
		var j job.Job
		var result tensor.View
		switch d.roll(4) {
		case 1:
			sm := d.softmax(ground)
			if j, result = sm, sm.Y; result.IsZero() {
				result = sm.X
			}
		case 2:
			a := d.attention(ground)
			j, result = a, a.O
		default:
			mm := d.matmul(ground, small.View())
			j, result = mm, mm.C
		}
		neighbour := newMaker(5).matmul(w, 1)
		h, err := s.Submit(background, neighbour.job)
		require.NoError(t, err)

		before := bytes.Clone(ground.memory)
		err = door(s, background, j)
		requireDocumented(t, err)
		if err == nil {
			ground.erase(before, result)
		}
		require.True(t, bytes.Equal(before, ground.memory), "memory of others was written (error: %v)", err)
		require.NoError(t, h.Wait(background))
		require.NoError(t, neighbour.computed())
	})
}

// erase makes before equal to the memory where a result may have been written.
func (f *field) erase(before []byte, result tensor.View) {
	if result.Len() == 0 { // of perhaps very many matrices
		return
	}
	size, s := result.DType().Size(), result.Strides()
	base := int(uintptr(result.Base()) - uintptr(f.plot(0)) + plotGuard)
	each(result, func(b, i, j int) {
		at := base + (result.Offset()+b*s[0]+i*s[1]+j*s[2])*size
		copy(before[at:at+size], f.memory[at:at+size])
	})
}

// FuzzOperand loads, updates, uses and releases operands in any order, with
// any views. Errors are documented; no memory of the device is left behind.
func FuzzOperand(f *testing.F) {
	seedDice(f, 200)
	other := start(f, scheduler.Config{Device: sim.Open(sim.Config{})})
	foreign := square(f, other, 4)
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &dice{data}
		ground := newField(d)
		before := bytes.Clone(ground.memory)
		dev := sim.Open(sim.Config{AllocLimit: 1 << 20})
		s, err := scheduler.Open(background, scheduler.Config{Device: dev})
		require.NoError(t, err)
		operands := []*scheduler.Operand{foreign}
		for len(d.data) > 0 {
			o := operands[d.roll(len(operands))]
			v := d.view(ground, d.roll(plots), types[d.roll(4)], tensor.Dims{1, 1 + d.roll(8), 1 + d.roll(8)})
			switch d.roll(5) {
			case 0:
				o, err := s.Load(v)
				requireLoadError(t, err)
				if err == nil {
					operands = append(operands, o)
				}
			case 1:
				if o != foreign {
					requireLoadError(t, o.Update(v))
				}
			case 2:
				if o != foreign {
					o.Release()
				}
			case 3:
				_, err := s.Load(o.View())
				require.ErrorIs(t, err, job.ErrInvalid, "a loaded one is no memory of the caller")
			case 4:
				requireDocumented(t, s.Do(background, useOf(o)))
			}
		}
		require.NoError(t, s.Close(background))
		require.Zero(t, dev.BytesInUse())
		require.True(t, s.Audit().Balances())
		require.True(t, bytes.Equal(before, ground.memory))
	})
}

// useOf multiplies with an operand.
func useOf(o *scheduler.Operand) *job.Matmul {
	v := o.View()
	return &job.Matmul{A: v, B: tensor.Vector(make([]float32, v.Cols())), C: tensor.Vector(make([]float32, v.Rows()))}
}

func requireLoadError(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, device.ErrOutOfMemory) {
		requireDocumented(t, err)
	}
}
