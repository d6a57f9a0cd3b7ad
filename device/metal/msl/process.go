package msl

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// Process runs jobs in an executable made by Build, which may have a sanitizer.
// A job that ends the executable ends no more: the next one starts it again.
type Process struct {
	mu     sync.Mutex
	path   string
	closed bool
	child  *child // nil when none runs
}

// child is a running executable.
type child struct {
	cmd    *exec.Cmd
	input  io.WriteCloser
	output io.ReadCloser
	said   bytes.Buffer // to be read once the child ended
}

// Start starts an executable made by Build with Options.Executable.
func Start(path string) (*Process, error) {
	p := &Process{path: path}
	return p, p.start()
}

// sanitizerOptions: the first report ends the executable; addresses become lines
// here (see symbols.go), so that no symbolizer needs to be installed; frames are
// on fibers' stacks, where a fake stack would get lost.
var sanitizerOptions = []string{
	"TSAN_OPTIONS=halt_on_error=1:symbolize=0:report_thread_leaks=0",
	"ASAN_OPTIONS=symbolize=0:detect_leaks=0:detect_stack_use_after_return=0",
}

func (p *Process) start() error {
	c := &child{cmd: exec.Command(p.path)}
	c.cmd.Env = append(os.Environ(), sanitizerOptions...)
	c.cmd.Stderr = &c.said
	var err error
	if c.input, err = c.cmd.StdinPipe(); err != nil {
		return fmt.Errorf("msl: %w", err)
	}
	if c.output, err = c.cmd.StdoutPipe(); err != nil {
		return fmt.Errorf("msl: %w", err)
	}
	if err = c.cmd.Start(); err != nil {
		return fmt.Errorf("msl: %w", err)
	}
	p.child = c
	return nil
}

// Close ends the executable, after the job that runs.
func (p *Process) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("msl: process: %w", ErrClosed)
	}
	p.closed = true
	if p.child == nil {
		return nil
	}
	c := p.child
	p.child = nil
	if err := errors.Join(c.input.Close(), c.cmd.Wait()); err != nil {
		return fmt.Errorf("msl: %w: %s", err, c.said.String())
	}
	return nil
}

// Run runs a job; see Runner. What a sanitizer finds is a *SanitizerError.
func (p *Process) Run(j Job) error {
	if err := j.validate(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("msl: process: %w", ErrClosed)
	}
	if p.child == nil {
		if err := p.start(); err != nil {
			return err
		}
	}
	blocks := blocksOf(j.Buffers)
	status, said, err := p.child.exchange(j.encode(blocks), blocks)
	if err != nil {
		return p.died(err)
	}
	for _, b := range blocks {
		b.scatter()
	}
	return statusError(status, said)
}

// exchange sends a job and reads the answer, with the blocks' bytes.
func (c *child) exchange(job []byte, blocks []block) (status int, said string, err error) {
	if _, err := c.input.Write(job); err != nil {
		return 0, "", err
	}
	var head [2]uint64
	if err := binary.Read(c.output, binary.LittleEndian, head[:]); err != nil {
		return 0, "", err
	}
	text := make([]byte, head[1])
	if _, err := io.ReadFull(c.output, text); err != nil {
		return 0, "", err
	}
	for _, b := range blocks {
		if _, err := io.ReadFull(c.output, b.data); err != nil {
			return 0, "", err
		}
	}
	return int(head[0]), string(text), nil
}

// died says why the child is gone.
func (p *Process) died(err error) error {
	c := p.child
	p.child = nil
	c.input.Close()
	_, _ = io.Copy(io.Discard, c.output)
	ended := c.cmd.Wait()
	report := c.said.String()
	if strings.Contains(report, "Sanitizer: ") {
		return newSanitizerError(p.path, report)
	}
	return fmt.Errorf("msl: the executable ended within a job: %w: %s", errors.Join(err, ended), report)
}
