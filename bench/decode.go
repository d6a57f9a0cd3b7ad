package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/decode"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// decodeMemory bounds what the weights and sequences take.
const decodeMemory = 8 << 30

// decode compares many sequences that share a scheduler with plain loops, one
// goroutine a thread, that go through the same products one at a time with our
// own kernels.
func (s *session) decode(m *machine) (err error) {
	r := &generation{}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(s, m); err != nil {
		return err
	}
	var ours, plain []float64
	for range s.reps {
		for _, side := range []struct {
			lanes []*decode.Lane
			rates *[]float64
		}{{r.lanes[:1], &ours}, {r.lanes[1:], &plain}} {
			rate, err := jobsPerSecond(side.lanes, 5*s.window)
			if err != nil {
				return err
			}
			*side.rates = append(*side.rates, rate)
		}
	}
	_, batches := r.lanes[0].Progress()
	us, them := median(ours), median(plain)
	t := table{
		title:  fmt.Sprintf("Decode of Qwen2.5-0.5B, %d layers and lm_head, f16, %d threads: jobs/s", r.fit.Layers, m.threads),
		header: []string{"", "jobs/s", "ours is"},
	}
	t.add(fmt.Sprintf("%d sequences, the whole scheduler, batches of %.1f", callers, batches.MeanJobs()), fmt.Sprintf("%.0f", us), "1.00x")
	t.add(fmt.Sprintf("plain loops of %d goroutines", m.threads), fmt.Sprintf("%.0f", them), ratio(us/them)+"x")
	s.print(&t)
	s.conclude("decode, %d threads: %.2fx plain loops", m.threads, us/them)
	return nil
}

// generation is the lane that is batched, and after it one for each plain loop.
type generation struct {
	lanes   []*decode.Lane
	devices []*cpu.Device
	weights *decode.Weights
	fit     decode.Fit
}

func (g *generation) open(s *session, m *machine) error {
	configs := []scheduler.Config{{Device: m.device}}
	for range m.threads {
		d, err := cpu.Open(cpu.Config{Threads: 1, BLAS: blas.None})
		if err != nil {
			return err
		}
		g.devices = append(g.devices, d)
		configs = append(configs, scheduler.Config{Device: d, NoBatching: true})
	}
	var into []scheduler.Service
	for _, cfg := range configs {
		l, err := decode.OpenLane(context.Background(), cfg)
		if err != nil {
			return err
		}
		g.lanes, into = append(g.lanes, l), append(into, l.Scheduler())
	}
	return g.load(s, into)
}

// load makes up the weights and starts the sequences: one for each plain loop,
// so that no loop ever waits.
func (g *generation) load(s *session, into []scheduler.Service) error {
	model, err := decode.Qwen()
	if err != nil {
		return err
	}
	src, err := decode.NewRandom(model, tensor.F16, 1)
	if err != nil {
		return err
	}
	if g.fit, err = decode.FitInto(decodeMemory, model, tensor.F16, s.layers, callers, len(into)); err != nil {
		return err
	}
	if g.weights, err = decode.Load(src, g.fit, into); err != nil {
		return err
	}
	for i, l := range g.lanes {
		sequences := callers
		if i > 0 {
			sequences = 1
		}
		if err := l.Start(g.weights, g.fit, i, sequences, uint64(i)+1); err != nil {
			return err
		}
	}
	return nil
}

func (g *generation) close() error {
	var errs []error
	for _, l := range g.lanes {
		errs = append(errs, l.Close(context.Background()))
	}
	if g.weights != nil {
		g.weights.Release()
	}
	for _, d := range g.devices {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// jobsPerSecond has lanes work at once for some time.
func jobsPerSecond(lanes []*decode.Lane, d time.Duration) (float64, error) {
	errs := make([]error, len(lanes))
	before, start := answered(lanes), time.Now()
	var all sync.WaitGroup
	for i, l := range lanes {
		all.Go(func() { errs[i] = l.Run(context.Background(), d) })
	}
	all.Wait()
	return float64(answered(lanes)-before) / time.Since(start).Seconds(), errors.Join(errs...)
}

func answered(lanes []*decode.Lane) (jobs int64) {
	for _, l := range lanes {
		n, _ := l.Progress()
		jobs += n
	}
	return jobs
}
