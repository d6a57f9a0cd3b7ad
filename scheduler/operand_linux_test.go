package scheduler_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A matrix whose memory is not there is refused, and the operand stays what it
// was.
func TestLoadWhatIsNotThere(t *testing.T) {
	missing := tensor.Bytes(devicetest.Mapped(t, 4096, unix.PROT_NONE), tensor.F32, 1, 32, 32)
	requireGone := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, job.ErrInvalid)
		var gone *device.MemoryError
		require.ErrorAs(t, err, &gone)
	}
	for name, open := range devices {
		t.Run(name, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: open(t)})
			_, err := s.Load(missing)
			requireGone(err)
			o, err := s.Load(constant(32, 2))
			require.NoError(t, err)
			requireGone(o.Update(missing))
			j, c := sums(o)
			require.NoError(t, s.Do(background, j))
			require.EqualValues(t, 64, c[0])
		})
	}
	_, err := scheduler.Snapshot(missing)
	requireGone(err)
}

// Who has vectors that are gone does not keep others of the tenant from theirs.
func TestMissingMemoryQuarantinesNobody(t *testing.T) {
	memory := devicetest.Mapped(t, 4096, unix.PROT_NONE)
	d, err := cpu.Open(cpu.Config{Threads: 1, BLAS: "none"})
	require.NoError(t, err)
	s := start(t, scheduler.Config{Device: d})
	o, err := s.Load(constant(32, 2))
	require.NoError(t, err)
	for range 5 {
		j, _ := sums(o)
		j.B = tensor.Bytes(memory[:128], tensor.F32, 1, 32, 1)
		err := s.Do(background, j)
		require.ErrorIs(t, err, job.ErrFailed)
		var gone *device.MemoryError
		require.ErrorAs(t, err, &gone)
	}
	j, c := sums(o)
	require.NoError(t, s.Do(background, j))
	require.EqualValues(t, 64, c[0])
}

// The decision of a batch tells of the jobs whose results could not be written.
func TestDecisionOfMissingMemory(t *testing.T) {
	memory := devicetest.Mapped(t, 4096, unix.PROT_READ)
	for _, gone := range []int{0, 1, 4} {
		cfg := scheduler.Config{Device: sim.Open(sim.Config{})}
		f := record(&cfg)
		s := start(t, cfg)
		o, err := s.Load(constant(32, 2))
		require.NoError(t, err)
		var jobs []job.Job
		for i := range 4 {
			j, _ := sums(o)
			if i < gone {
				j.C = tensor.Bytes(memory[:128], tensor.F32, 1, 32, 1)
			}
			jobs = append(jobs, j)
		}
		require.Equal(t, gone > 0, s.DoAll(background, jobs) != nil)
		all := f.decisions(t, s)
		require.Len(t, all, 1)
		require.Equal(t, gone, all[0].Unwritten)
		require.Equal(t, map[int]string{0: "done", 1: "mixed", 4: "failed"}[gone], all[0].Outcome)
		require.Equal(t, gone > 0, strings.Contains(all[0].Error, fmt.Sprintf("results of %d jobs", gone)), all[0].Error)
	}
}
