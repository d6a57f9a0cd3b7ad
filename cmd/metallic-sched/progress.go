package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress shows how something goes on: one live line on a terminal, elsewhere
// a line every few seconds.
type progress struct {
	out   io.Writer
	live  bool
	start time.Time
	line  func(now time.Time) string // "" for nothing to show yet
	ended chan struct{}
	done  sync.WaitGroup
}

// clearLine takes a live line away, on a terminal.
const clearLine = "\r\x1b[K"

const (
	livePeriod  = 200 * time.Millisecond
	quietPeriod = 3 * time.Second
)

// startProgress shows what line returns. It is called from another goroutine.
func startProgress(out io.Writer, line func(now time.Time) string) *progress {
	p := &progress{out: out, live: isTerminal(out), start: time.Now(), line: line, ended: make(chan struct{})}
	p.done.Go(p.run)
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := behind(w).(*os.File)
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

func (p *progress) print(now time.Time) {
	line := p.line(now)
	if line == "" {
		return
	}
	line = fmt.Sprintf("%5.1fs  %s", now.Sub(p.start).Seconds(), line)
	if p.live {
		fmt.Fprint(p.out, clearLine+line)
		return
	}
	fmt.Fprintln(p.out, line)
}

// stop ends the display and clears a live line.
func (p *progress) stop() {
	close(p.ended)
	p.done.Wait()
	if p.live {
		fmt.Fprint(p.out, clearLine)
	}
}
