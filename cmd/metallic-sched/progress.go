package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/decode"
)

// progress shows how a run goes on: one live line on a terminal, elsewhere a
// line every few seconds.
type progress struct {
	out   io.Writer
	live  bool
	start time.Time
	ended chan struct{}
	done  sync.WaitGroup

	mu   sync.Mutex
	name string
	lane *decode.Lane
	// what the lane had done when its turn began
	began time.Time
	jobs  int64
	sum   decode.BatchSum
}

const (
	livePeriod  = 200 * time.Millisecond
	quietPeriod = 3 * time.Second
)

func startProgress(out io.Writer) *progress {
	p := &progress{out: out, live: isTerminal(out), start: time.Now(), ended: make(chan struct{})}
	p.done.Go(p.run)
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *progress) run() {
	period := quietPeriod
	if p.live {
		period = livePeriod
	}
	ticks := time.NewTicker(period)
	defer ticks.Stop()
	for {
		select {
		case now := <-ticks.C:
			p.print(now)
		case <-p.ended:
			return
		}
	}
}

// show says whose turn it is.
func (p *progress) show(name string, l *decode.Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.name, p.lane, p.began = name, l, time.Now()
	p.jobs, p.sum = l.Progress()
}

func (p *progress) print(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lane == nil {
		return
	}
	jobs, sum := p.lane.Progress()
	turn := decode.BatchSum{Batches: sum.Batches - p.sum.Batches, Jobs: sum.Jobs - p.sum.Jobs}
	rate := float64(jobs-p.jobs) / now.Sub(p.began).Seconds()
	line := fmt.Sprintf("%5.1fs  %-7s  %d jobs  %.0f jobs/s  mean batch %.1f",
		now.Sub(p.start).Seconds(), p.name, jobs, rate, turn.MeanJobs())
	if p.live {
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(p.out, line)
}

// stop ends the display and clears a live line.
func (p *progress) stop() {
	close(p.ended)
	p.done.Wait()
	if p.live {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
