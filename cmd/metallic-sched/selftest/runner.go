package selftest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Runner runs the parts, each in a process of its own.
type Runner struct {
	// Command starts a process that calls Serve for a part. It must end when
	// ctx does.
	Command func(ctx context.Context, part Part) *exec.Cmd
	Timeout time.Duration       // of each part
	Scrub   func(string) string // takes out of text what is private
	// Progress is told what a part is doing.
	Progress func(part Part, what string)
}

// Ending is how a part ended.
type Ending struct {
	Part    Part    `json:"part"`
	Outcome Outcome `json:"outcome"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"` // why it ended early
	Doing   string  `json:"doing,omitempty"` // then: what it did last
	Log     string  `json:"log,omitempty"`   // and what it printed
}

// Run runs all parts and puts what they find into the report. When ctx ends
// the rest is not run.
func (r *Runner) Run(ctx context.Context, report *Report) {
	for _, part := range Parts {
		e := Ending{Part: part, Outcome: NotRun}
		switch {
		case ctx.Err() != nil:
			e.Error = "interrupted"
		case part != PartDevice && report.Device == nil:
			e.Error = "the device did not open"
		default:
			e = r.part(ctx, part, report)
		}
		report.Parts = append(report.Parts, e)
	}
}

// part runs one.
func (r *Runner) part(ctx context.Context, part Part, report *Report) Ending {
	r.Progress(part, "starts")
	start := time.Now()
	took := &intake{part: part, runner: r, transcript: newTranscript()}
	log, err := r.process(ctx, part, took.line)
	e := Ending{Part: part, Outcome: took.settle(report), Seconds: time.Since(start).Seconds()}
	switch {
	case part == PartConformance && err != nil && took.complete() && report.Conformance.outcome() == Failed:
		err = nil // its checks say all
	case part != PartConformance:
		err = errors.Join(err, took.err)
	}
	if err != nil {
		e.Outcome, e.Error, e.Doing = Failed, r.Scrub(err.Error()), took.doing
		e.Log = r.Scrub(strings.Join(took.transcript.rest, "\n") + log)
	}
	if ctx.Err() != nil {
		e.Outcome = NotRun // to its end
	}
	return e
}

// patience is how long a process may take to end that was told to.
const patience = 10 * time.Second

// process runs a part's process and passes on each line of its output. It
// returns what went to its standard error. One that takes too long shows where
// its goroutines are.
func (r *Runner) process(ctx context.Context, part Part, line func(string)) (log string, err error) {
	limited, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	var said clip
	cmd := r.Command(limited, part)
	cmd.Stderr, cmd.WaitDelay = &said, patience
	cmd.Cancel = func() error {
		if ctx.Err() != nil {
			return cmd.Process.Kill()
		}
		return cmd.Process.Signal(syscall.SIGQUIT)
	}
	err = follow(cmd, line)
	switch {
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	case limited.Err() != nil:
		err = fmt.Errorf("it did not end within %v (see --timeout)", r.Timeout)
	}
	return said.String(), err
}

// follow runs a process and passes on each line of its output.
func follow(cmd *exec.Cmd, line func(string)) error {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := eachLine(out, line)
	if err := cmd.Wait(); err != nil {
		return err
	}
	return readErr
}

func eachLine(r io.Reader, line func(string)) error {
	lines := bufio.NewReader(r)
	for {
		text, err := lines.ReadString('\n')
		if text != "" {
			line(strings.TrimSuffix(text, "\n"))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
