package actors

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// of makes a job a tenant's.
func of(tenant string, j *job.Matmul) *job.Matmul {
	j.Tenant = tenant
	return j
}

// endOf returns how long it takes until a task has ended.
func endOf(t *Task) time.Duration {
	began := time.Now()
	wait(t)
	return time.Since(began)
}

// alone is a job that shares no product with others.
func alone() *job.Matmul {
	a := tensor.Batch(make([]float32, 2*16), 2, 4, 4)
	return &job.Matmul{A: a, B: a, C: tensor.Batch(make([]float32, 2*16), 2, 4, 4)}
}

// TestFloodBound: whoever has little to do waits for what the device has when
// it comes, and then for its own batch, however much another has queued and
// wherever. Here a batch takes a second, with its columns a little more.
func TestFloodBound(t *testing.T) {
	const longest = time.Second + 8*time.Millisecond
	hot := fill(4, 4, 1)
	for name, c := range map[string]struct{ flood, other func(i int) *job.Matmul }{
		"same operand":  {func(int) *job.Matmul { return product(hot, 1, 1) }, func(int) *job.Matmul { return product(hot, 1, 1) }},
		"same shape":    {func(int) *job.Matmul { return product(hot, 1, 1) }, func(int) *job.Matmul { return product(fill(4, 4, 2), 1, 1) }},
		"another shape": {func(int) *job.Matmul { return product(hot, 1, 1) }, func(int) *job.Matmul { return product(fill(5, 4, 2), 1, 1) }},
		"many shapes": {
			func(i int) *job.Matmul { return product(fill(6+i%20, 4, 1), 1, 1) },
			func(int) *job.Matmul { return product(fill(5, 4, 2), 1, 1) },
		},
		"alone": {func(int) *job.Matmul { return alone() }, func(int) *job.Matmul { return alone() }},
	} {
		for _, depth := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/depth=%d", name, depth), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					r := newRig(t, sim.Config{Launch: time.Second, PerColumn: time.Millisecond, QueueDepth: depth}, func(c *Config) {
						c.MaxColumns, c.MaxProblems, c.MaxTime = 8, 1, time.Hour
					})
					for i := range 20 { // compiles what they need
						wait(r.submit(of("warm", c.flood(i)), of("warm", c.other(i)))...)
					}
					for i := range 400 {
						r.submit(of("flood", c.flood(i)))
					}
					for i := range 12 {
						time.Sleep(time.Duration(i*137) * time.Millisecond)
						took := endOf(r.submit(of("other", c.other(i)))[0])
						require.LessOrEqual(t, took, time.Duration(depth+1)*longest, "visit %d", i)
					}
					require.NotZero(t, r.Waiting(), "the flood has gone")
					wait(r.refs...)
					requireDone(t, r.refs...)
				})
			})
		}
	}
}

// TestWeightsAreHonoured: tenants that always have work waiting get device time
// by weight, whether they share batches or not and whatever their jobs take.
func TestWeightsAreHonoured(t *testing.T) {
	weights := map[string]float64{"a": 1, "b": 2, "c": 5}
	for name, work := range map[string]func(tenant string, i int) *job.Matmul{
		"same operand": func(string, int) *job.Matmul { return product(fill(4, 4, 1), 1, 1) },
		"uneven jobs":  func(tenant string, i int) *job.Matmul { return product(fill(4, 4, 1), 1+(i+len(tenant))%3, 1) },
		"other shapes": func(tenant string, i int) *job.Matmul { return product(fill(4+int(tenant[0]-'a'), 4, 1), 1, 1) },
		"other lengths": func(tenant string, i int) *job.Matmul {
			return product(fill(4, 4, 1+int(tenant[0])), 1+int(tenant[0]-'a'), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				hot := map[string]tensor.View{}
				r := newRig(t, sim.Config{Launch: 10 * time.Millisecond, PerColumn: 5 * time.Millisecond}, func(c *Config) {
					c.MaxColumns, c.MaxProblems, c.Weights, c.MaxTime = 8, 1, weights, time.Hour
				})
				for i := range 2000 {
					for tenant := range weights {
						j := work(tenant, i)
						key := fmt.Sprint(j.A.Dims(), j.A.Value(0, 0, 0))
						if _, ok := hot[key]; !ok {
							hot[key] = j.A
						}
						j.A = hot[key]
						r.submit(of(tenant, j))
					}
				}
				time.Sleep(15 * time.Second)
				sum := time.Duration(0)
				for tenant := range weights {
					sum += r.Ledger.Account(tenant).Used()
					require.NotZero(t, r.Ledger.Account(tenant).Audit().InFlight, "%s has gone", tenant)
				}
				require.InDelta(t, 15, sum.Seconds(), 0.2)
				for tenant, w := range weights {
					require.InEpsilon(t, w/8, r.Ledger.Account(tenant).Used().Seconds()/sum.Seconds(), 0.1, tenant)
				}
				wait(r.refs...)
			})
		})
	}
}

// TestIdlenessSavesUpNothing: who was away for long and comes with a flood gets
// its share from then on, not all that it did not ask for before.
func TestIdlenessSavesUpNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{Launch: 100 * time.Millisecond}, func(c *Config) { c.MaxColumns, c.MaxProblems = 4, 1 })
		wa, wb := fill(4, 4, 1), fill(5, 4, 2)
		for range 1000 {
			r.submit(of("steady", product(wa, 1, 1)))
		}
		time.Sleep(10 * time.Second)
		for range 400 {
			r.submit(of("late", product(wb, 1, 1)))
		}
		steady, late := r.Ledger.Account("steady"), r.Ledger.Account("late")
		before := steady.Used()
		time.Sleep(5 * time.Second)
		require.InDelta(t, 2.5, (steady.Used() - before).Seconds(), 0.3)
		require.InDelta(t, 2.5, late.Used().Seconds(), 0.3)
		wait(r.refs...)
	})
}

// TestLowIsServedBesideAFloodOfHigh, and not all at once.
func TestLowIsServedBesideAFloodOfHigh(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{Launch: 10 * time.Millisecond}, func(c *Config) { c.MaxColumns, c.MaxProblems = 1, 1 })
		high, low := fill(4, 4, 1), fill(5, 4, 2)
		for _, w := range []tensor.View{high, low} { // compiles what they need
			wait(r.submit(of("warm", product(w, 1, 1)))...)
		}
		for range 300 {
			j := of("high", product(high, 1, 1))
			j.Priority = job.High
			r.submit(j)
		}
		j := of("low", product(low, 1, 1))
		j.Priority = job.Low
		took := endOf(r.submit(j)[0])
		require.Greater(t, took, 100*time.Millisecond, "high goes first")
		require.Less(t, took, 400*time.Millisecond, "but not for ever")
		wait(r.refs...)
	})
}

// TestBooksOfTenantsAgree: whatever happens to batches and jobs, in the end a
// tenant's virtual time is the device time on its account.
func TestBooksOfTenantsAgree(t *testing.T) {
	for seed := range uint64(20) {
		bubble(t, func(t *testing.T) {
			rnd, faults := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
			r := newRig(t, sim.Config{
				Launch: time.Millisecond, PerColumn: time.Millisecond, QueueDepth: 1 + int(seed%2), CompileTime: time.Duration(seed%3) * time.Millisecond,
				Fault: func(*device.Batch) sim.Fault {
					switch faults.IntN(8) {
					case 0:
						return sim.Error(errors.New("no"))
					case 1:
						return sim.OutOfMemory()
					}
					return sim.None()
				},
			}, func(c *Config) { c.MaxColumns = 6 })
			tenants := []string{"", "a", "b", "c"}
			var js []job.Job
			for range 200 {
				j := product(fill(4+rnd.IntN(2), 4, 1), 1+rnd.IntN(9), 1)
				j.Priority = job.Priority(rnd.IntN(3) - 1)
				js = append(js, of(tenants[rnd.IntN(4)], j))
			}
			ts := r.submit(js...) // at once: nobody starts with the time of others
			for range 60 {
				ts[rnd.IntN(len(ts))].End(job.Cancelled, job.ErrCancelled)
				time.Sleep(time.Millisecond)
			}
			wait(ts...)
			synctest.Wait()
			for again := true; again; again = r.Waiting() > 0 { // what was cancelled is dropped when its turn comes, or runs to its end
				w := r.submit(of("sweep", product(fill(4, 4, 1), 1, 1)))
				wait(w...)
				synctest.Wait()
			}
			r.at(func() {
				for _, name := range tenants {
					a := r.Ledger.Account(name)
					who := r.tenants.of(a)
					require.Zero(t, who.open, "%s", name)
					require.InDelta(t, float64(a.Used()), float64(who.Used()), float64(time.Microsecond), "%s", name)
				}
			})
		})
	}
}
