package scheduler_test

import (
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// devices are the kinds that keep operands in different ways.
var devices = map[string]func(testing.TB) device.Device{
	"cpu": func(t testing.TB) device.Device { return openCPU(t) },
	"discrete": func(t testing.TB) device.Device {
		d := sim.Open(sim.Config{Inner: openInner(t), Discrete: true})
		t.Cleanup(func() { require.NoError(t, d.Close()) })
		return d
	},
}

// constant is an n x n matrix of one value.
func constant(n int, x float32) tensor.View {
	xs := make([]float32, n*n)
	for i := range xs {
		xs[i] = x
	}
	return tensor.Matrix(xs, n, n)
}

// sums is a product of an operand with ones.
func sums(w *scheduler.Operand) (*job.Matmul, []float32) {
	v := w.View()
	c := make([]float32, v.Rows())
	x := make([]float32, v.Cols())
	for i := range x {
		x[i] = 1
	}
	return &job.Matmul{A: v, B: tensor.Vector(x), C: tensor.Vector(c)}, c
}

func TestLoadTakesASnapshot(t *testing.T) {
	for name, open := range devices {
		t.Run(name, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: open(t)})
			host := constant(8, 1)
			w, err := s.Load(host)
			require.NoError(t, err)
			host.SetValue(0, 0, 0, 100)
			j, c := sums(w)
			require.NoError(t, s.Do(background, j))
			require.Equal(t, []float32{8, 8, 8, 8, 8, 8, 8, 8}, c)
		})
	}
}

// TestLoadOfViews loads parts, transposes and batches, and multiplies by them
// and by parts of what was loaded.
func TestLoadOfViews(t *testing.T) {
	for name, open := range devices {
		t.Run(name, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: open(t)})
			m := newMaker(8)
			for _, dt := range tensor.DTypes {
				whole := m.matrix(dt, 3, 12, 10)
				for _, host := range []tensor.View{whole, whole.T(), whole.Sub(1, 2), whole.Sub(0, 1).Slice(2, 9, 3, 8)} {
					w, err := s.Load(host)
					require.NoError(t, err)
					v := w.View()
					require.Equal(t, host.Dims(), v.Dims())
					multiply(t, s, m, v, host)
					multiply(t, s, m, w.T(), host.T())
					multiply(t, s, m, v.Slice(1, 4, 0, 3), host.Slice(1, 4, 0, 3))
					multiply(t, s, m, v.Sub(0, 1), host.Sub(0, 1))
					w.Release()
				}
			}
		})
	}
}

func multiply(t *testing.T, s *scheduler.Scheduler, m maker, loaded, host tensor.View) {
	t.Helper()
	dt, batch := loaded.DType(), loaded.Matrices()
	j := &job.Matmul{A: loaded, B: m.matrix(dt, batch, loaded.Cols(), 3), C: m.matrix(dt, batch, loaded.Rows(), 3)}
	c := matmulCheck(j, host, j.B)
	require.NoError(t, s.Do(background, j))
	require.NoError(t, c.computed())
}

func TestUpdate(t *testing.T) {
	for name, open := range devices {
		t.Run(name, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: open(t)})
			w, err := s.Load(constant(4, 1))
			require.NoError(t, err)
			for x := range 5 {
				require.NoError(t, w.Update(constant(4, float32(x)).T()))
				j, c := sums(w)
				require.NoError(t, s.Do(background, j))
				require.EqualValues(t, 4*x, c[3])
			}
			for what, v := range map[string]tensor.View{
				"other type":  tensor.Matrix(make([]tensor.Float16, 16), 4, 4),
				"other shape": tensor.Matrix(make([]float32, 20), 4, 5),
				"nothing":     {},
				"broken":      constant(4, 1).Slice(0, 9, 0, 9),
				"loaded":      w.View(),
			} {
				require.ErrorIs(t, w.Update(v), job.ErrInvalid, what)
			}
			j, c := sums(w)
			require.NoError(t, s.Do(background, j))
			require.EqualValues(t, 16, c[0], "a refused update changes nothing")
		})
	}
}

// TestUpdateBetweenJobs: jobs that wait see what the operand held when they
// were submitted.
func TestUpdateBetweenJobs(t *testing.T) {
	d := hanging(sim.Config{Inner: openInner(t)})
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	s := start(t, scheduler.Config{Device: d})
	w, err := s.Load(constant(4, 1))
	require.NoError(t, err)
	blocker, _ := sums(w)
	hang(t, s, d, blocker)
	var handles []job.Handle
	var results [][]float32
	for x := range 6 {
		require.NoError(t, w.Update(constant(4, float32(x))))
		for range 3 {
			j, c := sums(w)
			h, err := s.Submit(background, j)
			require.NoError(t, err)
			handles, results = append(handles, h), append(results, c)
		}
	}
	w.Release()
	d.Release()
	for i, h := range handles {
		require.NoError(t, h.Wait(background))
		require.EqualValues(t, 4*(i/3), results[i][0])
	}
}

func TestReleaseGivesTheMemoryBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := seconds(10)
		s := start(t, scheduler.Config{Device: d})
		idle, used := square(t, s, 100), square(t, s, 100)
		require.EqualValues(t, 2*40_000, d.BytesInUse())
		idle.Release()
		require.EqualValues(t, 40_000, d.BytesInUse())
		idle.Release() // harmless
		require.EqualValues(t, 40_000, d.BytesInUse())

		running := submit(t, s, newProbe(used, job.Options{}))
		synctest.Wait()
		waiting := submit(t, s, newProbe(used, job.Options{}))
		used.Release()
		require.ErrorIs(t, s.Do(background, newProbe(used, job.Options{}).Matmul), job.ErrReleased)
		require.ErrorIs(t, used.Update(constant(100, 1)), job.ErrReleased)
		require.NoError(t, running.Wait(background))
		synctest.Wait()
		require.GreaterOrEqual(t, d.BytesInUse(), int64(40_000), "a job needs it still")
		require.NoError(t, waiting.Wait(background))
		synctest.Wait()
		require.Less(t, d.BytesInUse(), int64(40_000))
	})
}

// A cancelled job's operand stays until the device is done with it.
func TestReleaseAfterCancel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := seconds(10)
		s := start(t, scheduler.Config{Device: d})
		w := square(t, s, 100)
		h := submit(t, s, newProbe(w, job.Options{}))
		synctest.Wait()
		w.Release()
		h.Cancel()
		synctest.Wait()
		require.GreaterOrEqual(t, d.BytesInUse(), int64(40_000))
		require.NoError(t, s.Close(background))
		require.Less(t, d.BytesInUse(), int64(40_000))
	})
}

func TestUpdateFreesTheOldContents(t *testing.T) {
	d := sim.Open(sim.Config{})
	s := start(t, scheduler.Config{Device: d})
	w := square(t, s, 100)
	for range 10 {
		require.NoError(t, w.Update(constant(100, 1)))
		require.EqualValues(t, 40_000, d.BytesInUse())
	}
}

func TestLoadErrors(t *testing.T) {
	d := sim.Open(sim.Config{AllocLimit: 1000})
	s := start(t, scheduler.Config{Device: d})
	w := square(t, s, 4)
	one := tensor.Vector([]float32{1})
	for what, v := range map[string]tensor.View{
		"nothing":          {},
		"broken":           one.Slice(0, 2, 0, 1),
		"loaded already":   w.View(),
		"device's memory":  tensor.Window(nil, 64, tensor.F32, tensor.Dims{1, 4, 4}, tensor.Dims{16, 4, 1}, 0),
		"bytes overflow":   one.Strided(tensor.Dims{1, 1, math.MaxInt}, tensor.Dims{}, 0),
		"bytes overflow 2": one.Strided(tensor.Dims{1, 1 << 62, 1}, tensor.Dims{}, 0),
	} {
		_, err := s.Load(v)
		require.ErrorIs(t, err, job.ErrInvalid, what)
	}
	_, err := s.Load(constant(16, 1))
	require.ErrorIs(t, err, device.ErrOutOfMemory)
	require.ErrorContains(t, err, "1024 bytes")
	_, err = s.Load(one.Strided(tensor.Dims{1, 1 << 60, 1}, tensor.Dims{}, 0))
	require.ErrorIs(t, err, device.ErrOutOfMemory)
	require.EqualValues(t, 64, d.BytesInUse(), "nothing refused keeps memory")

	big, err := s.Load(constant(12, 1))
	require.NoError(t, err)
	require.ErrorIs(t, big.Update(constant(12, 2)), device.ErrOutOfMemory, "old and new do not fit at once")
}

func TestEmptyOperand(t *testing.T) {
	for name, open := range devices {
		t.Run(name, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: open(t)})
			w, err := s.Load(tensor.Matrix([]float32{}, 3, 0))
			require.NoError(t, err)
			c := []float32{7, 7, 7}
			j := &job.Matmul{A: w.View(), B: tensor.Matrix([]float32{}, 0, 1), C: tensor.Vector(c), Scale: job.AlphaBeta(1, 2)}
			require.NoError(t, s.Do(background, j))
			require.Equal(t, []float32{14, 14, 14}, c, "a sum of nothing is 0")
			w.Release()
		})
	}
}

func TestUploadErrors(t *testing.T) {
	boom := errors.New("boom")
	d := sim.Open(sim.Config{Discrete: true, Fault: func(*device.Batch) sim.Fault { return sim.Error(boom) }})
	s := start(t, scheduler.Config{Device: d})
	_, err := s.Load(constant(4, 1))
	require.ErrorIs(t, err, boom)
	require.Zero(t, d.BytesInUse())
}

// TestOperandsUnderFire updates, releases and multiplies at once. Every result
// must be of one version of the contents, whole.
func TestOperandsUnderFire(t *testing.T) {
	for name, open := range devices {
		t.Run(name, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: open(t)})
			for range 5 {
				w, err := s.Load(constant(8, 1))
				require.NoError(t, err)
				var all sync.WaitGroup
				for range 4 {
					all.Go(func() { multiplyUntilReleased(t, s, w) })
				}
				for g := range 2 {
					all.Go(func() {
						for x := range 20 {
							if err := w.Update(constant(8, float32(1+g+x))); err != nil && !errors.Is(err, job.ErrReleased) {
								t.Error(err)
							}
						}
						w.Release()
					})
				}
				all.Wait()
			}
		})
	}
}

func multiplyUntilReleased(t *testing.T, s *scheduler.Scheduler, w *scheduler.Operand) {
	for {
		j, c := sums(w)
		err := s.Do(background, j)
		if errors.Is(err, job.ErrReleased) {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		for _, x := range c {
			if x != c[0] || x == 0 {
				t.Errorf("a mixture: %v", c)
				return
			}
		}
	}
}

// An Operand that Load did not return, since it returned an error, is refused by name:
// not taken for one that was left out.
func TestNilOperand(t *testing.T) {
	s := openSim(t, scheduler.Config{Device: sim.Open(sim.Config{})})
	defer func() { require.NoError(t, s.Close(background)) }()
	var w *scheduler.Operand
	v := func(n int) tensor.View { return tensor.Vector(make([]float32, n)) }
	for field, j := range map[string]job.Job{
		"A":    &job.Matmul{A: w.View(), B: v(2), C: v(2)},
		"B":    &job.Matmul{A: v(1), B: w.T(), C: v(1)},
		"Bias": &job.Matmul{A: v(1), B: v(1), C: v(1), Bias: w.View()},
		"Y":    &job.Softmax{X: v(2), Y: w.View()},
	} {
		err := s.Do(background, j)
		require.ErrorIs(t, err, job.ErrInvalid, field)
		require.ErrorContains(t, err, "job: invalid "+field+": tensor: operand is nil; allowed: one that was loaded without an error")
	}
	require.ErrorIs(t, w.Update(v(2)), job.ErrInvalid)
	w.Release()
}
