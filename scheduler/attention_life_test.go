package scheduler_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// decodeStep returns an attention of one new token over so many keys.
func decodeStep(keys int, o job.Options) *job.Attention {
	j := attentionOf(tensor.F32, 4, 1, keys, 8)
	each(j.O, func(b, i, x int) { j.O.SetValue(b, i, x, 7) })
	j.Options = o
	return j
}

func untouched(t testing.TB, j *job.Attention) {
	t.Helper()
	for _, x := range values(j.O) {
		require.EqualValues(t, 7, x)
	}
}

// Callers with keys of about one number share a batch, which says how it was
// computed and why so.
func TestAttentionsOfManyCallersShareABatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1)}
		f := record(&cfg)
		s := openSim(t, cfg)
		busy(t, s, square(t, s, 4))
		var handles []job.Handle
		for i, tenant := range []string{"a", "b", "b", "c"} {
			h, err := s.Submit(background, decodeStep(65+20*i, job.Options{Tenant: tenant}))
			require.NoError(t, err)
			handles = append(handles, h)
		}
		for _, h := range handles {
			require.NoError(t, h.Wait(background))
		}
		all := f.decisions(t, s)
		require.Equal(t, 250*time.Millisecond, s.DeviceTime("a"))
		require.Equal(t, 500*time.Millisecond, s.DeviceTime("b"))
		require.Len(t, all, 2)
		d := all[1]
		require.Equal(t, "attention", d.Op)
		require.Equal(t, 4, d.Jobs)
		require.Equal(t, 16, d.Columns, "heads")
		require.Equal(t, []metrics.Tenant{{Name: "a", Jobs: 1}, {Name: "b", Jobs: 2}, {Name: "c", Jobs: 1}}, d.Tenants)
		require.Equal(t, metrics.Shape{Batch: 4, M: 1, N: 65, K: 8}, d.Shape)
		require.Equal(t, metrics.Heads{Group: 1, Values: 8}, d.Heads)
		require.Equal(t, metrics.Plan{
			Backend: "chain", Variant: "w128", Kernel: "matmul_smalln_n1+softmax_vec+matmul_smalln_n1",
			Key: "matmul_smalln_n1+softmax_vec+matmul_smalln_n1/f32,f32,f32/w128/simdred/tg128",
		}, d.Plan)
		require.True(t, d.Invariant)
		var applied []string
		for _, r := range d.Rules {
			if r.Applied {
				applied = append(applied, r.Name)
			}
		}
		require.Equal(t, []string{"orientation", "scores: small-n", "weights: vec", "values: small-n", "tiling"}, applied)
		balanced(t, s)
	})
}

// An attention that is cancelled or expires, waiting or running, leaves O alone.
func TestAttentionsEndEarly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, now := openSim(t, scheduler.Config{Device: seconds(1)}), newClock()
		first := decodeStep(16, job.Options{Deadline: now.after(0.5)})
		h, err := s.Submit(background, first)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(background)
		second := decodeStep(16, job.Options{})
		waiting, err := s.Submit(ctx, second)
		require.NoError(t, err)
		cancel()
		synctest.Wait()
		require.ErrorIs(t, waiting.Err(), job.ErrCancelled)
		require.ErrorIs(t, h.Wait(background), job.ErrExpired)
		now.is(t, 0.5)
		require.NoError(t, s.Do(background, decodeStep(16, job.Options{})))
		untouched(t, first)
		untouched(t, second)
		require.NoError(t, s.Close(background))
		balanced(t, s)
	})
}

// One that fails among others fails alone.
func TestAnAttentionThatFailsFailsAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		boom := errors.New("boom")
		d := sim.Open(sim.Config{Launch: time.Second, Fault: func(b *device.Batch) sim.Fault {
			for _, stage := range b.Stages {
				for _, d := range stage.Dispatches {
					if d.Matmul != nil && d.Matmul.Runs[0].Alpha == 666 {
						return sim.Error(boom)
					}
				}
			}
			return sim.None()
		}})
		s := openSim(t, scheduler.Config{Device: d})
		busy(t, s, square(t, s, 4))
		jobs := make([]job.Job, 5)
		for i := range jobs {
			j := decodeStep(16, job.Options{})
			if i == 3 {
				j.Scale = 666
			}
			jobs[i] = j
		}
		err := s.DoAll(background, jobs)
		require.ErrorIs(t, err, job.ErrFailed)
		require.ErrorIs(t, err, boom)
		require.Equal(t, 1, strings.Count(err.Error(), "boom"))
		untouched(t, jobs[3].(*job.Attention))
		require.NoError(t, s.Close(background))
		balanced(t, s)
		require.EqualValues(t, 1, s.Audit().Failed)
		require.Zero(t, d.BytesInUse())
	})
}

// Without the kernel of one link the job fails, once.
func TestAttentionWithoutAKernel(t *testing.T) {
	for _, missing := range []string{"matmul_smalln_n1", "softmax_vec"} {
		d := sim.Open(sim.Config{CompileError: func(k kernels.Key) error {
			if k.Kernel == missing {
				return device.ErrUnsupported
			}
			return nil
		}})
		s := start(t, scheduler.Config{Device: d})
		j := decodeStep(16, job.Options{})
		err := s.Do(background, j)
		require.ErrorIs(t, err, job.ErrFailed, missing)
		require.ErrorIs(t, err, device.ErrUnsupported, missing)
		untouched(t, j)
	}
}

// When the device is lost with an attention on it that job fails; the next is
// computed on another device, with the keys and values that were loaded.
func TestAttentionAndALostDevice(t *testing.T) {
	for name, discrete := range map[string]bool{"host memory": false, "discrete": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				uploads := int64(0)
				if discrete {
					uploads = 2
				}
				lost, next := dying(t, discrete, uploads+2), dying(t, discrete, -1)
				s := openSim(t, scheduler.Config{Device: lost, Reopen: func() (device.Device, error) { return next, nil }})
				m := newMaker(1)
				k, v := m.matrix(tensor.F32, 2, 40, 8), m.matrix(tensor.F32, 2, 40, 8)
				lk, err := s.Load(k)
				require.NoError(t, err)
				lv, err := s.Load(v)
				require.NoError(t, err)
				failed := 0
				for range 5 {
					j := &job.Attention{Q: m.matrix(tensor.F32, 4, 3, 8), K: lk.View(), V: lv.View(), O: m.matrix(tensor.F32, 4, 3, 8)}
					c := attentionCheck(j, k, v)
					if err := s.Do(background, j); err != nil {
						require.ErrorIs(t, err, device.ErrLost)
						failed++
						continue
					}
					require.NoError(t, c.computed())
				}
				require.Equal(t, 1, failed)
				synctest.Wait()
				require.Zero(t, lost.BytesInUse())
				require.NoError(t, s.Close(background))
				balanced(t, s)
				require.Zero(t, next.BytesInUse())
				require.NoError(t, lost.Close())
			})
		})
	}
}

// What was decided about attentions can be decided again from the record.
func TestReplayOfAttentions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1), Trace: true}
		f := record(&cfg)
		s := openSim(t, cfg)
		var handles []job.Handle
		for i := range 30 {
			j := job.Job(decodeStep(10+i*5, job.Options{Tenant: string(rune('a' + i%3)), Priority: job.Priority(i%3 - 1)}))
			if i%4 == 0 {
				j = attentionOf(tensor.F16, 6, 20, 30, 8)
			}
			h, err := s.Submit(background, j)
			require.NoError(t, err)
			handles = append(handles, h)
		}
		handles[20].Cancel()
		for _, h := range handles {
			<-h.Done()
		}
		r := replay(t, f.traced(t, s), nil)
		require.Equal(t, 30, r.Arrivals)
		requireSame(t, r)
	})
}

func TestExplainAttention(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	plan, orientation, err := s.Explain(attentionOf(tensor.F16, 14, 512, 512, 64))
	require.NoError(t, err)
	require.Contains(t, orientation, "attention")
	require.Equal(t, kernels.FamilySIMD, plan.Chain.Scores.Family())
	require.Equal(t, kernels.FamilyVec, plan.Chain.Weights.Family())
	require.Equal(t, kernels.FamilySIMD, plan.Chain.Values.Family())
	require.Contains(t, plan.Reason(), "rows")
}
