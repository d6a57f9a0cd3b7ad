package ab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// acting is the variable that makes this test binary another program.
const acting = "AB_TEST_ACTS"

func TestMain(m *testing.M) {
	switch os.Getenv(acting) {
	case "":
		os.Exit(m.Run())
	case "echo":
		fmt.Println(strings.Join(os.Args[1:], " "), os.Getenv("AB_TEST_SETTING"))
	case "fail":
		fmt.Println("BenchmarkX 1 1 ns/op")
		fmt.Fprintln(os.Stderr, "no device today")
		os.Exit(3)
	case "hang":
		time.Sleep(time.Hour)
	case "work":
		plantedWork()
	}
}

func self(t *testing.T, settings ...string) *Program {
	path, err := os.Executable()
	require.NoError(t, err)
	return &Program{Path: path, Args: []string{"-x", "y"}, Settings: settings}
}

func TestProgram(t *testing.T) {
	t.Setenv("AB_TEST_SETTING", "outer")
	p := self(t, acting+"=echo", "AB_TEST_SETTING=inner")
	out, err := p.Run(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, "-x y inner\n", string(out))
	require.Equal(t, "AB_TEST_ACTS=echo AB_TEST_SETTING=inner "+p.Path+" -x y", p.String())
}

func TestProgramFails(t *testing.T) {
	_, err := self(t, acting+"=fail").Run(t.Context(), time.Minute)
	var failed *RunError
	require.ErrorAs(t, err, &failed)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, "ab: a run of a: exit status 3; it said: no device today", err.Error())

	_, err = self(t, acting+"=hang").Run(t.Context(), time.Millisecond)
	require.ErrorContains(t, err, "it did not end within 1ms (see --timeout)")

	ended, stop := context.WithCancel(t.Context())
	stop()
	_, err = self(t, acting+"=hang").Run(ended, time.Minute)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, errors.As(err, &failed) && failed.Err == nil)
}

func TestParseSettings(t *testing.T) {
	got, err := ParseSettings(" A=1  B=x=y C= ")
	require.NoError(t, err)
	require.Equal(t, []string{"A=1", "B=x=y", "C="}, got)
	got, err = ParseSettings("")
	require.NoError(t, err)
	require.Empty(t, got)
	for _, wrong := range []string{"A", "=1", "A=1 b"} {
		_, err := ParseSettings(wrong)
		require.ErrorContains(t, err, "allowed: NAME=VALUE")
	}
}
