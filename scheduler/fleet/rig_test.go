package fleet_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

var background = context.Background()

// bubble runs f on a virtual clock.
func bubble(t *testing.T, f func(t *testing.T)) { t.Helper(); fleet.Bubble(t, f) }

// diary keeps what was recorded.
type diary struct {
	mu      sync.Mutex
	batches []metrics.Decision
	places  []metrics.Event
	seqs    []uint64
}

// Record implements metrics.Recorder.
func (d *diary) Record(x *metrics.Decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var kept metrics.Decision
	kept.CopyFrom(x)
	d.batches, d.seqs = append(d.batches, kept), append(d.seqs, x.Seq)
}

// Trace implements metrics.Tracer.
func (d *diary) Trace(e *metrics.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.places, d.seqs = append(d.places, *e), append(d.seqs, e.Seq)
}

// told returns the records of placements as "device what operand", in order.
func (d *diary) told() (lines []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.places {
		line := e.Device + " " + e.Placed
		if e.Operand != 0 {
			line += fmt.Sprint(" ", e.Operand)
		}
		lines = append(lines, line)
	}
	return lines
}

// jobs returns how many jobs ended well on a device.
func (d *diary) jobs(device string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.batches {
		if b.Device == device && b.Outcome == "done" {
			n += b.Jobs
		}
	}
	return n
}

// rig is a fleet of simulated devices.
type rig struct {
	*fleet.Fleet
	diary diary
	sims  []*sim.Device
}

// open opens a fleet over some devices, named sim:0 and so on.
func open(t testing.TB, cfg fleet.Config, devices ...*sim.Device) *rig {
	t.Helper()
	r := &rig{sims: devices}
	for i, d := range devices {
		cfg.Devices = append(cfg.Devices, fleet.Device{Name: fmt.Sprintf("sim:%d", i), Device: d})
	}
	cfg.Scheduler.Recorder = &r.diary
	f, err := fleet.Open(background, cfg)
	require.NoError(t, err)
	r.Fleet = f
	return r
}

// end closes the fleet and checks its books and that no memory is left.
func (r *rig) end(t testing.TB) {
	t.Helper()
	require.NoError(t, r.Close(background))
	a := r.Audit()
	require.True(t, a.Balances() && a.InFlight == 0 && a.Bytes == 0, "%+v", a)
	for i, d := range r.sims {
		require.Zero(t, d.BytesInUse(), "device %d", i)
	}
	seqs := map[uint64]bool{}
	for _, n := range r.diary.seqs {
		require.False(t, seqs[n], "record %d twice", n)
		seqs[n] = true
	}
	require.Len(t, seqs, len(r.diary.seqs))
}

// metrics returns what is exposed, without the prefix.
func (r *rig) metrics() map[string]float64 {
	var text strings.Builder
	r.WritePrometheus(&text)
	values := map[string]float64{}
	for line := range strings.Lines(text.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if value == "" {
			name, value, _ = strings.Cut(strings.TrimSpace(line), " ")
		} else {
			name += "}"
		}
		if x, err := strconv.ParseFloat(value, 64); err == nil {
			values[strings.TrimPrefix(name, "metallic_sched_")] = x
		}
	}
	return values
}

// steady is a device that takes a time for a batch, and one for each column of
// a product with a weight of 64 x 64, and says so.
func steady(launch, column time.Duration) *sim.Device { return sim.Open(paced(launch, column)) }

func paced(launch, column time.Duration) sim.Config {
	cfg := sim.Config{Launch: launch, PerColumn: column}
	if column > 0 {
		cfg.Flops = 2 * 64 * 64 / column.Seconds()
	}
	return cfg
}

// computing is a simulated device that computes.
func computing(t testing.TB, cfg sim.Config) *sim.Device {
	inner, err := cpu.Open(cpu.Config{Threads: 1, BLAS: "none"})
	require.NoError(t, err)
	cfg.Inner = inner
	return sim.Open(cfg)
}

// weight loads an n x n matrix whose elements are all x.
func weight(t testing.TB, f *fleet.Fleet, n int, x float32) *fleet.Operand {
	t.Helper()
	o, err := f.Load(filled(n, x))
	require.NoError(t, err)
	return o
}

func filled(n int, x float32) tensor.View {
	xs := make([]float32, n*n)
	for i := range xs {
		xs[i] = x
	}
	return tensor.Matrix(xs, n, n)
}

// product is y = W*x for a vector of ones.
func product(w job.Operand) (*job.Matmul, []float32) {
	v := w.View()
	x, y := make([]float32, v.Cols()), make([]float32, v.Rows())
	for i := range x {
		x[i] = 1
	}
	return &job.Matmul{A: v, B: tensor.Vector(x), C: tensor.Vector(y)}, y
}

// crowd runs products in a closed loop until some virtual time has passed and
// returns how many were answered.
func crowd(t testing.TB, f job.Doer, w job.Operand, callers int, d time.Duration) (answered int) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	end := time.Now().Add(d)
	for range callers {
		all.Go(func() {
			j, _ := product(w)
			for time.Now().Before(end) {
				if err := f.Do(background, j); err != nil {
					t.Errorf("%v", err)
					return
				}
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return answered
}
