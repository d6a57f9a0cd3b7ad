package scheduler_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A hang is counted, logged and recorded as what it is.
func TestHangIsReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log bytes.Buffer
		d := hanging(sim.Config{})
		cfg := scheduler.Config{Device: d, HangAfter: 3 * time.Second, Logger: slog.New(slog.NewTextHandler(&log, nil))}
		f := record(&cfg)
		s := openSim(t, cfg)
		w, now := square(t, s, 4), newClock()
		hung := newProbe(w, job.Options{})
		require.ErrorIs(t, s.Do(background, hung.Matmul), job.ErrHung)
		now.is(t, 3)
		require.NoError(t, s.Do(background, newProbe(w, job.Options{}).Matmul))
		now.is(t, 3)
		d.Release()
		synctest.Wait()
		hung.untouched(t)
		lines := prometheus(s)
		require.Equal(t, "1", lines["metallic_sched_device_hangs_total"])
		require.Equal(t, "1", lines["metallic_sched_device_restarts_total"])
		all := f.decisions(t, s)
		require.Len(t, all, 2)
		require.Equal(t, "hung", all[0].Outcome)
		require.Contains(t, all[0].Error, "no answer for 3s, at least 3s")
		require.Equal(t, "done", all[1].Outcome)
		require.Contains(t, log.String(), "device queue given up")
		require.Contains(t, log.String(), "device restarted")
		balanced(t, s)
		require.Zero(t, d.BytesInUse())
		require.NoError(t, d.Close())
	})
}

func TestNoWatchdog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := hanging(sim.Config{})
		s := openSim(t, scheduler.Config{Device: d, HangAfter: -1})
		h := busy(t, s, square(t, s, 4))
		time.Sleep(1000 * time.Hour)
		require.NoError(t, h.Err())
		d.Release()
		<-h.Done()
		require.NoError(t, h.Err())
		require.NoError(t, s.Close(background))
	})
}

var dying = scheduler.Dying

// After the loss of a device the operands are on the next one, in their latest
// version and those that waiting jobs need, and the lost one has its memory
// back.
func TestOperandsMoveToTheNextDevice(t *testing.T) {
	for name, discrete := range map[string]bool{"shared memory": false, "discrete": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				uploads := int64(0)
				if discrete {
					uploads = 3
				}
				first, second := dying(t, discrete, uploads+1), dying(t, discrete, -1)
				s := openSim(t, scheduler.Config{Device: first, Reopen: func() (device.Device, error) { return second, nil }})
				w, err := s.Load(constant(8, 1))
				require.NoError(t, err)
				require.NoError(t, w.Update(constant(8, 2)))
				gone, err := s.Load(constant(8, 3))
				require.NoError(t, err)

				lost, _ := sums(w)
				require.ErrorIs(t, s.Do(background, lost), device.ErrLost)
				j, c := sums(gone)
				h, err := s.Submit(background, j)
				require.NoError(t, err)
				gone.Release() // after the last job that needs it
				<-h.Done()
				require.NoError(t, h.Err())
				require.Equal(t, []float32{24, 24, 24, 24, 24, 24, 24, 24}, c)
				j, c = sums(w)
				require.NoError(t, s.Do(background, j))
				require.Equal(t, []float32{16, 16, 16, 16, 16, 16, 16, 16}, c)
				require.NoError(t, w.Update(constant(8, 4)))
				require.NoError(t, s.Do(background, j))
				require.Equal(t, []float32{32, 32, 32, 32, 32, 32, 32, 32}, c)

				synctest.Wait()
				require.Zero(t, first.BytesInUse())
				require.NoError(t, s.Close(background))
				require.Zero(t, second.BytesInUse())
				require.ErrorIs(t, second.Close(), device.ErrClosed, "it was the scheduler's")
				require.NoError(t, first.Close())
				balanced(t, s)
			})
		})
	}
}

// A device that hangs, and whose next queue hangs, is replaced; what it still
// holds stays until it lets go.
func TestHangsLeadToTheNextDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first := sim.Open(sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Hang() }})
		second := dying(t, false, -1)
		s := openSim(t, scheduler.Config{Device: first, Reopen: func() (device.Device, error) { return second, nil }})
		w, err := s.Load(constant(8, 1))
		require.NoError(t, err)
		j, c := sums(w)
		require.ErrorIs(t, s.Do(background, j), job.ErrHung)
		require.ErrorIs(t, s.Do(background, j), job.ErrHung)
		require.NoError(t, s.Do(background, j))
		require.Equal(t, []float32{8, 8, 8, 8, 8, 8, 8, 8}, c)
		require.NotZero(t, first.BytesInUse())
		require.NoError(t, s.Close(background))
		require.NotZero(t, first.BytesInUse())
		first.Release()
		synctest.Wait()
		require.Zero(t, first.BytesInUse())
		require.NoError(t, first.Close())
	})
}

// Close leaves a device that hangs to be closed when it lets go, and says so.
func TestCloseLeavesAHungDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first, second := dying(t, false, 1), hanging(sim.Config{})
		s := openSim(t, scheduler.Config{Device: first, Reopen: func() (device.Device, error) { return second, nil }})
		j, _ := sums(square(t, s, 4))
		require.ErrorIs(t, s.Do(background, j), device.ErrLost)
		require.ErrorIs(t, s.Do(background, j), job.ErrHung)
		require.ErrorIs(t, s.Close(background), job.ErrHung)
		_, err := second.Alloc(device.SpaceHost, 1)
		require.NoError(t, err, "not closed yet")
		second.Release()
		synctest.Wait()
		require.ErrorIs(t, second.Close(), device.ErrClosed)
		require.NoError(t, first.Close())
	})
}

// Where there is no other device jobs end with a typed error, and so does
// everything later.
func TestNoOtherDevice(t *testing.T) {
	for name, reopen := range map[string]func() (device.Device, error){
		"none":  nil,
		"fails": func() (device.Device, error) { return nil, errors.New("nothing there") },
		"panic": func() (device.Device, error) { panic("bug") },
		"nil":   func() (device.Device, error) { return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				d := dying(t, false, 1)
				s := openSim(t, scheduler.Config{Device: d, Reopen: reopen})
				w, err := s.Load(constant(4, 1))
				require.NoError(t, err)
				j, _ := sums(w)
				require.ErrorIs(t, s.Do(background, j), device.ErrLost)
				for range 2 {
					err := s.Do(background, j)
					require.ErrorIs(t, err, job.ErrUnavailable)
					require.ErrorIs(t, err, job.ErrFailed)
				}
				require.NoError(t, s.Close(background))
				require.Zero(t, d.BytesInUse())
				require.NoError(t, d.Close())
				balanced(t, s)
			})
		})
	}
}

// The cpu device takes over jobs that were planned for another kind.
func TestFallback(t *testing.T) {
	t.Run("no other", func(t *testing.T) { fallback(t, nil) })
	t.Run("none in this process", func(t *testing.T) {
		fallback(t, func() (device.Device, error) { return nil, device.ErrBroken })
	})
}

func fallback(t *testing.T, reopen func() (device.Device, error)) {
	bubble(t, func(t *testing.T) {
		inner, err := cpu.Open(cpu.Config{Threads: 1})
		require.NoError(t, err)
		caps := kernels.Caps{SIMDReduction: true, SIMDWidth: 8, MaxThreadgroup: 64}
		d := sim.Open(sim.Config{Inner: inner, Caps: caps, Launch: time.Second, Fault: func(*device.Batch) sim.Fault { return sim.Lost() }})
		s := openSim(t, scheduler.Config{Device: d, Reopen: reopen, Fallback: true, BLAS: "none", MaxColumns: 8})
		w, err := s.Load(constant(8, 1))
		require.NoError(t, err)
		first, _ := sums(w)
		lost := submitted(t, s, first)
		synctest.Wait()
		m := newMaker(1)
		var checks []*check
		var handles []job.Handle
		host := constant(8, 1)
		for i := range 20 {
			c := m.matmul(&weight{w.View(), host}, 1+i)
			if i%3 == 0 {
				c = m.softmax(5, 10*i+1)
			}
			checks, handles = append(checks, c), append(handles, submitted(t, s, c.job))
		}
		<-lost.Done()
		require.ErrorIs(t, lost.Err(), device.ErrLost)
		for i, h := range handles {
			<-h.Done()
			require.NoError(t, h.Err(), "job %d", i)
			require.NoError(t, checks[i].computed())
		}
		require.Equal(t, "cpu", s.Info().Backend)
		require.NoError(t, s.Close(background))
		require.Zero(t, d.BytesInUse())
		require.NoError(t, d.Close())
	})
}

// What waits for a device whose kernels the next one lacks is planned again,
// also jobs that run in parts later.
func TestWaitingJobsArePlannedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first := sim.Open(sim.Config{Launch: time.Second, Fault: func(*device.Batch) sim.Fault { return sim.Lost() }})
		second := sim.Open(sim.Config{Inner: openInner(t), Caps: kernels.Caps{SIMDWidth: 8, MaxThreadgroup: 64}})
		cfg := scheduler.Config{
			Device: first, MaxColumns: 48,
			Reopen: func() (device.Device, error) { return second, nil },
		}
		f := record(&cfg)
		s := openSim(t, cfg)
		w, err := s.Load(constant(64, 1))
		require.NoError(t, err)
		product := func(n int) *check {
			x := newMaker(uint64(n)).matrix(tensor.F32, 1, 64, n)
			return matmulCheck(&job.Matmul{A: w.View(), B: x, C: alloc(tensor.F32, 64*n).Strided(tensor.Dims{1, 64, n}, tensor.Dims{64 * n, n, 1}, 0)}, constant(64, 1), x)
		}
		lost := submitted(t, s, product(32).job)
		synctest.Wait()
		var checks []*check
		var handles []job.Handle
		for _, n := range []int{32, 100, 3, 48} {
			checks = append(checks, product(n))
			handles = append(handles, submitted(t, s, checks[len(checks)-1].job))
		}
		<-lost.Done()
		require.ErrorIs(t, lost.Err(), device.ErrLost)
		for i, h := range handles {
			<-h.Done()
			require.NoError(t, h.Err(), "job %d", i)
			require.NoError(t, checks[i].computed())
		}
		for _, d := range f.decisions(t, s)[1:] {
			require.NotEqual(t, "simd", d.Plan.Backend)
		}
		require.NoError(t, first.Close())
	})
}

func submitted(t testing.TB, s *scheduler.Scheduler, j job.Job) job.Handle {
	t.Helper()
	h, err := s.Submit(background, j)
	require.NoError(t, err)
	return h
}

// Load does not wait for ever for a device that hangs, nor use its memory
// again before it lets go.
func TestLoadOnAHungDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := hanging(sim.Config{Inner: openInner(t), Discrete: true})
		s := openSim(t, scheduler.Config{Device: d})
		_, err := s.Load(constant(8, 1))
		require.ErrorIs(t, err, job.ErrHung)
		require.NotZero(t, d.BytesInUse())
		d.Release()
		synctest.Wait()
		require.Zero(t, d.BytesInUse())
		_, err = s.Load(constant(8, 1))
		require.NoError(t, err)
		require.NoError(t, s.Close(background))
		require.NoError(t, d.Close())
	})
}

// Close says that a device that is not ours has not let go.
func TestCloseSaysThatTheDeviceIsHeld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := hanging(sim.Config{})
		s := openSim(t, scheduler.Config{Device: d, InPlaceBytes: 1})
		err := s.Do(background, newProbe(square(t, s, 4), job.Options{}).Matmul)
		var held *job.HeldError
		require.ErrorAs(t, err, &held)
		require.ErrorIs(t, s.Close(background), job.ErrHung)
		balanced(t, s)
		require.NotZero(t, d.BytesInUse())
		d.Release()
		<-held.Released
		require.Zero(t, d.BytesInUse())
		require.NoError(t, d.Close())
	})
}
