// Package endtoend tests metallic-sched serve from outside: it builds the
// program, starts it, and does to it what users, operators and strangers do.
package endtoend

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the built metallic-sched.
var program string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if target := os.Getenv(clientVariable); target != "" {
		return beClient(target)
	}
	if race {
		fmt.Println("NOT REPEATED with -race: what is tested is a program without the race detector")
		return 0
	}
	dir, err := os.MkdirTemp("", "endtoend")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "metallic-sched")
	build := exec.Command("go", "build", "-o", program, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "metallic-sched cannot be built:", err)
		return 1
	}
	return m.Run()
}
