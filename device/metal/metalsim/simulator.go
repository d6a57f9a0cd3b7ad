//go:build darwin || linux

package metalsim

import (
	"context"
	"fmt"
	"sync"

	"github.com/ebitengine/purego"

	"github.com/metallic-sched/metallic-sched/device/dynlib"
)

// Simulator is the library, loaded. There is one in a process, so tests that
// use it share its violations, faults and objects: they cannot run in parallel.
// Its methods may be called from any goroutine, but not from a completion
// handler.
type Simulator struct {
	path string
	c    calls
}

// calls are the library's own functions, beside those that it simulates.
type calls struct {
	setCompiler func(callback uintptr)
	violations  func(out *byte, room uint) uint
	live        func(out *byte, room uint) uint
	settle      func(milliseconds int) bool
	setMachine  func(*Machine)
	setSchedule func(uint64)
	fail        func(point int32, times int)
	failCommand func(code int, after uint, hangs, sticky bool)
	release     func(code int)
	waitHanging func(n int)
	heal        func()
}

var loading struct {
	sync.Mutex
	done *Simulator
}

// Load builds the library and opens it, once in a process, and gives it the
// shader compiler.
func Load(ctx context.Context) (*Simulator, error) {
	loading.Lock()
	defer loading.Unlock()
	if loading.done != nil {
		return loading.done, nil
	}
	path, err := Build(ctx)
	if err != nil {
		return nil, err
	}
	s := &Simulator{path: path}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("metalsim: %w", err)
	}
	s.c.setCompiler(purego.NewCallback(compileShader))
	loading.done = s
	return s, nil
}

func (s *Simulator) open() error {
	library, err := dynlib.Open(s.path)
	if err != nil {
		return err
	}
	for name, to := range map[string]any{
		"set_compiler": &s.c.setCompiler,
		"violations":   &s.c.violations,
		"live":         &s.c.live,
		"settle":       &s.c.settle,
		"set_machine":  &s.c.setMachine,
		"set_schedule": &s.c.setSchedule,
		"fail":         &s.c.fail,
		"fail_command": &s.c.failCommand,
		"release":      &s.c.release,
		"wait_hanging": &s.c.waitHanging,
		"heal":         &s.c.heal,
	} {
		address, err := dynlib.Symbol(library, "metalsim_"+name)
		if err != nil {
			return err
		}
		purego.RegisterFunc(to, address)
	}
	return nil
}

// Path returns the library's file. It stands for those of libobjc, Foundation,
// Metal and Metal Performance Shaders alike.
func (s *Simulator) Path() string { return s.path }
