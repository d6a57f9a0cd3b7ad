package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// callers is how many goroutines ask for y = W*x at once.
const callers = 64

// headline compares callers that share a weight through the whole scheduler
// with as many calls of sgemv.
func (s *session) headline(m *machine) error {
	for _, sh := range s.shared {
		if err := s.headlineOf(m, sh); err != nil {
			return fmt.Errorf("%v: %w", sh, err)
		}
	}
	return nil
}

func (s *session) headlineOf(m *machine, sh shape) error {
	w, err := m.matrix(tensor.F32, sh.m, sh.k)
	if err != nil {
		return err
	}
	defer free(w)
	sched, err := scheduler.Open(context.Background(), scheduler.Config{Device: m.device})
	if err != nil {
		return err
	}
	defer sched.Close(context.Background())
	operand, err := sched.Load(w.View)
	if err != nil {
		return err
	}
	xs, err := m.vectors(w)
	if err != nil {
		return err
	}
	defer free(xs[0], xs[1])
	ours := func() (float64, error) { return crowd(sched, operand, xs, s.window) }
	if _, err := ours(); err != nil { // what batches form at all
		return err
	}
	n := max(1, int(math.Round(formedBy(sched).since(formed{}))))
	return s.compareHeadline(m, w, xs, n, sched, ours)
}

// vectors are x and y of every caller.
func (m *machine) vectors(w *memory) (xs [2]*memory, err error) {
	if xs[0], err = m.matrix(tensor.F32, callers, w.cols); err == nil {
		xs[1], err = m.matrix(tensor.F32, callers, w.rows)
	}
	return xs, err
}

func (s *session) compareHeadline(m *machine, w *memory, xs [2]*memory, n int, sched *scheduler.Scheduler, ours func() (float64, error)) error {
	raw, err := m.rawKernel(w, n)
	if err != nil {
		return err
	}
	defer raw.free()
	peers := []entrant{m.gemvs(w, xs[0], xs[1]), m.callersOfGemv(w, xs[0], xs[1])}
	var jobs, kernel []float64
	times := make([][]float64, len(peers))
	before := formedBy(sched)
	for range s.reps {
		perSecond, err := ours()
		if err != nil {
			return err
		}
		jobs = append(jobs, perSecond)
		kernel = append(kernel, float64(n)/s.over(&raw.entrant))
		for i := range peers {
			times[i] = append(times[i], callers/s.over(&peers[i]))
		}
	}
	batch := formedBy(sched).since(before)
	t := table{
		title:  fmt.Sprintf("y = W·x, W %dx%d f32 resident, %d goroutines, %d threads", w.rows, w.cols, callers, m.threads),
		header: []string{"", "products/s", "ms for 64", "ours is"},
	}
	us := median(jobs)
	line := func(name string, perSecond float64) {
		t.add(name, fmt.Sprintf("%.0f", perSecond), fmt.Sprintf("%.2f", 1e3*callers/perSecond), ratio(us/perSecond)+"x")
	}
	line(fmt.Sprintf("the whole scheduler, batches of %.1f", batch), us)
	line(fmt.Sprintf("its kernel alone, N=%d", n), median(kernel))
	peer := 0.0
	for i := range peers {
		line(peers[i].name, median(times[i]))
		peer = max(peer, median(times[i]))
	}
	s.print(&t)
	s.conclude("headline, W %dx%d, %d threads: %.2fx sgemv, %s of the kernel's rate, batches of %.1f", w.rows, w.cols, m.threads, us/peer,
		percent(us/median(kernel)), batch)
	return nil
}

// over returns the seconds of one run, run for about a window.
func (s *session) over(e *entrant) float64 {
	one := e.sample(1)
	return e.sample(int(max(1, s.window/max(one, 1)))).Seconds()
}

// crowd has every caller ask again and again, at least once, and returns products a second.
func crowd(s *scheduler.Scheduler, w *scheduler.Operand, xs [2]*memory, window time.Duration) (float64, error) {
	var all sync.WaitGroup
	var done atomic.Int64
	var failed atomic.Pointer[error]
	start := time.Now()
	for i := range callers {
		x, y := xs[0].View.Slice(i, i+1, 0, xs[0].cols).T(), xs[1].View.Slice(i, i+1, 0, xs[1].cols).T()
		all.Go(func() {
			j := &job.Matmul{A: w.View(), B: x, C: y}
			for again := true; again; again = time.Since(start) < window {
				if err := s.Do(context.Background(), j); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(start).Seconds(), nil
}

// rawKernel is the kernel of a batch of n, without a scheduler.
func (m *machine) rawKernel(w *memory, n int) (r struct {
	entrant
	free func()
}, err error,
) {
	x, err := m.matrix(tensor.F32, n, w.cols)
	if err != nil {
		return r, err
	}
	y, err := m.matrix(tensor.F32, n, w.rows)
	if err != nil {
		return r, err
	}
	prepare(w)
	r.entrant, r.free = m.smallN(w, x, y), func() { free(x, y) }
	return r, verify([]entrant{r.entrant}, []tensor.View{y.T().View}, w.View, x.T().View)
}

// gemvs are the calls one after another, each on all threads.
func (m *machine) gemvs(w, x, y *memory) entrant {
	return m.blasEntrant(fmt.Sprintf("%d x sgemv, each on %d threads", callers, m.threads), func() {
		for i := range callers {
			m.blas.Gemv(w.rows, w.cols, 1, w.blas(false), x.line(i), 0, y.line(i))
		}
	})
}

// callersOfGemv are the calls on one thread each, of as many callers as there
// are threads.
func (m *machine) callersOfGemv(w, x, y *memory) entrant {
	return entrant{name: fmt.Sprintf("%d x sgemv, of %d callers", callers, m.threads), run: func(times int) {
		m.blas.Acquire(1)
		defer m.blas.Release()
		var next atomic.Int64
		m.together(func(int) {
			for {
				i := int(next.Add(1)) - 1
				if i >= times*callers {
					return
				}
				m.blas.Gemv(w.rows, w.cols, 1, w.blas(false), x.line(i%callers), 0, y.line(i%callers))
			}
		})
	}}
}

// formed is how many batches a scheduler has formed, and the jobs in them.
type formed struct{ jobs, batches float64 }

// formedBy reads the scheduler's counters. A recorder would change how it works.
func formedBy(s *scheduler.Scheduler) (f formed) {
	var text strings.Builder
	s.WritePrometheus(&text)
	for line := range strings.Lines(text.String()) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		name, _, _ := strings.Cut(series, "{")
		n, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "metallic_sched_batches_total":
			f.batches += n
		case "metallic_sched_batch_jobs_total":
			f.jobs += n
		}
	}
	return f
}

// since returns the mean batch since before.
func (f formed) since(before formed) float64 {
	return (f.jobs - before.jobs) / max(f.batches-before.batches, 1)
}
