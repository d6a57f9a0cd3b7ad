package actors

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device/sim"
)

// dying names the test whose end the process is to be.
const dying = "ACTORS_TEST_DYING"

// faultyCallers are functions that must not be given to OnEnd.
func faultyCallers(t *testing.T) map[string]func() {
	missing := protected(t, 1, 1, unix.PROT_NONE)
	return map[string]func(){
		"a fault": func() { missing.Value(0, 0, 0) },
		"a panic": func() { panic(errors.New("of the caller's own")) },
		"no end":  func() { runtime.Goexit() },
	}
}

// A caller's function that panics ends the process and says where, wherever it is
// called. It must not be taken for a fault of an actor's or a device's: the other
// jobs of the batch would never end.
func TestACallersPanicEndsTheProcess(t *testing.T) {
	for how, f := range faultyCallers(t) {
		for place, launch := range map[string]time.Duration{"by the actors": 0, "by the device": time.Microsecond} {
			for into, bytes := range map[string]int{"in place": 1, "staged": -1} {
				t.Run(how+" "+place+" "+into, func(t *testing.T) {
					if os.Getenv(dying) != t.Name() {
						t.Parallel()
						requireDeath(t)
						return
					}
					r := newRig(t, sim.Config{Launch: launch}, func(c *Config) { c.InPlaceBytes = bytes })
					var ts []*Task
					for i := range 3 {
						ts = append(ts, r.task(product(fill(4, 4, i), 1, i)))
					}
					ts[0].OnEnd(f)
					r.SubmitAll(ts)
					wait(ts...)
				})
			}
		}
	}
}

// requireDeath runs the test in a process of its own, which must die of it.
func requireDeath(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	var parts []string
	for _, part := range strings.Split(t.Name(), "/") {
		parts = append(parts, "^"+part+"$")
	}
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", strings.Join(parts, "/"), "-test.count=1")
	cmd.Env = append(os.Environ(), dying+"="+t.Name())
	out, err := cmd.CombinedOutput()
	require.NoError(t, ctx.Err(), "the process lives: %s", out)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 2, exit.ExitCode(), "%s", out)
	if !strings.Contains(string(out), "unexpected fault address") { // as such where no fault is a panic
		require.Contains(t, string(out), "a function given to OnEnd panicked")
	}
	require.Contains(t, string(out), "caller_linux_test.go", "where")
}
