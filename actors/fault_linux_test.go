package actors

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// protected returns a matrix of memory that has that protection, which the test ends
// with.
func protected(t *testing.T, rows, cols, protection int) tensor.View {
	return tensor.Bytes(devicetest.Mapped(t, 4*rows*cols, protection), tensor.F32, 1, rows, cols)
}

// unwritten is an observer that counts jobs whose results could not be written.
type unwritten struct{ jobs int }

func (u *unwritten) BatchEnded(o *Outcome) { u.jobs += o.Unwritten() }

// faulty are ways for results to reach their callers.
func faulty(t *testing.T) map[string]func(*Config) sim.Config {
	return map[string]func(*Config) sim.Config{
		"by the actors": func(*Config) sim.Config { return sim.Config{} },
		"by the device": func(c *Config) sim.Config { return sim.Config{Launch: time.Microsecond} },
		"by helpers": func(*Config) sim.Config {
			return sim.Config{Launch: time.Microsecond, QueueDepth: 2}
		},
		"run again": func(c *Config) sim.Config {
			c.Sample = policy.NewSampler(1, 0)
			return sim.Config{Launch: time.Microsecond}
		},
		"run again in vain": func(c *Config) sim.Config {
			c.Sample = policy.NewSampler(1, 0)
			first := true
			return sim.Config{Launch: time.Microsecond, Fault: func(b *device.Batch) sim.Fault {
				again := !first && len(b.Stages[0].Copies) == 0 // one job, alone
				if first = false; again {
					return sim.ErrorAfter(errors.New("second run"))
				}
				return sim.None()
			}}
		},
		"cut": func(c *Config) sim.Config {
			c.MaxColumns = 2
			return sim.Config{Launch: time.Microsecond}
		},
	}
}

// A job whose C may not be written any more, or is not there, fails and says
// where, once; the others of its batch are done.
func TestResultFaults(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 3 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	}
	for name, how := range faulty(t) {
		for _, jobs := range []int{1, 100} {
			t.Run(fmt.Sprintf("%s/%d", name, jobs), func(t *testing.T) {
				var cfg Config
				o := new(unwritten)
				r := newRig(t, how(&cfg), func(c *Config) {
					c.Observer = o
					if c.Sample, c.MaxColumns = cfg.Sample, 256; cfg.MaxColumns > 0 {
						c.MaxColumns = cfg.MaxColumns
					}
				})
				w := fill(128, 4, 1)
				var all []job.Job
				for i := range jobs {
					j := product(w, 3, i)
					switch {
					case i%10 == 0:
						j.C = protected(t, 128, 3, unix.PROT_READ)
					case i%10 == 5:
						j.C = protected(t, 128, 3, unix.PROT_NONE)
					}
					all = append(all, j)
				}
				ts := r.submit(all...)
				wait(ts...)
				for i, task := range ts {
					requireFaulted(t, task, i%5 == 0)
				}
				require.NoError(t, r.close(background))
				require.Equal(t, (jobs+4)/5, o.jobs)
			})
		}
	}
}

func requireFaulted(t *testing.T, task *Task, faulted bool) {
	t.Helper()
	if !faulted {
		requireDone(t, task)
		return
	}
	o, err := task.Result()
	require.Equal(t, job.Failed, o)
	require.ErrorIs(t, err, job.ErrFailed)
	var gone *device.MemoryError
	require.ErrorAs(t, err, &gone)
	require.NotZero(t, gone.Address)
}

// Likewise for operands, which the device reads: the batch fails and is cut into
// halves until the job is alone.
func TestOperandFaults(t *testing.T) {
	for _, discrete := range []bool{false, true} {
		inner, err := cpu.Open(cpu.Config{Threads: 2, BLAS: "none"})
		require.NoError(t, err)
		r := newRig(t, sim.Config{Inner: inner, Discrete: discrete, QueueDepth: 2}, nil)
		w := fill(8, 4, 1)
		var all []job.Job
		for i := range 20 {
			j := product(w, 1, i)
			if i == 7 {
				j.B = protected(t, 4, 1, unix.PROT_NONE)
			}
			all = append(all, j)
		}
		ts := r.submit(all...)
		wait(ts...)
		for i, task := range ts {
			requireFaulted(t, task, i == 7)
		}
		require.NoError(t, r.close(background))
	}
}
