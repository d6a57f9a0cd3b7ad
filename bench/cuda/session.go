package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// session is a run of the command.
type session struct {
	*options
	temporary string // for what is built
	parts     []part // of the last entries
}

func newSession(o *options) (*session, error) {
	s := &session{options: o}
	var err error
	if s.temporary, err = os.MkdirTemp("", "cuda-*"); err != nil {
		return nil, err
	}
	if s.logs == "" {
		if s.logs, err = os.MkdirTemp("", "cuda-logs-*"); err != nil {
			return nil, err
		}
		fmt.Println("what the steps print:", s.logs)
	}
	if err := os.MkdirAll(s.logs, 0o755); err != nil {
		return nil, err
	}
	for _, step := range o.steps() {
		if err := s.build(step.of); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// build builds the tests of a package, unless there is a binary of them.
func (s *session) build(of string) (err error) {
	file := map[string]*string{ofDevice: &s.device, ofScheduler: &s.scheduler}[of]
	switch {
	case file == nil:
		return nil
	case *file != "":
		*file, err = filepath.Abs(*file)
		return err
	}
	*file = filepath.Join(s.temporary, filepath.Base(of)+".test")
	build := exec.Command("go", "test", "-c", "-o", *file, of)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the tests of %s: %w: %s", of, err, output)
	}
	return nil
}

func (s *session) close() { _ = os.RemoveAll(s.temporary) }

// longest is how long a command may take.
const longest = 30 * time.Minute

// command runs a command, keeps what it prints in a log, and returns that. err is
// set if it fails.
func (s *session) command(log, name string, args ...string) (output string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), "REQUIRE_CUDA=1")
	all, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w, see %s.log", err, log)
	}
	line := fmt.Sprintf("%s %s\n", name, strings.Join(args, " "))
	if kept := os.WriteFile(filepath.Join(s.logs, log+".log"), append([]byte(line), all...), 0o644); err == nil {
		err = kept
	}
	return string(all), err
}

// gpu says what the driver says of the first GPU.
func (s *session) gpu() string {
	output, err := exec.Command("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader", "--id=0").Output()
	if err != nil {
		return "unknown: nvidia-smi: " + err.Error()
	}
	return strings.Replace(strings.TrimSpace(string(output)), ", ", ", driver ", 1)
}
