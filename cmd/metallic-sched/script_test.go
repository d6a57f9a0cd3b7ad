package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var rewrite = flag.Bool("rewrite", false, "accept the output of the commands as the golden one")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"metallic-sched": main, "wrong-sched": wrongMain})
}

// TestScripts runs the commands as a user does. Of the environment only what
// a script sets reaches them.
func TestScripts(t *testing.T) {
	data, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	suites, err := filepath.Abs(filepath.Join("..", "..", "scheduler", "suite"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), UpdateScripts: *rewrite, RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"makeweights": makeWeights, "checkreport": checkReport,
			"makearray": makeArray, "checkmatmul": checkMatmul, "checksoftmax": checkSoftmax, "checkattention": checkAttention,
		},
		Condition: func(name string) (bool, error) {
			if name == "race" {
				return raceDetector, nil
			}
			return false, fmt.Errorf("no such condition: %s", name)
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("DATA", data)
			e.Setenv("SUITES", suites)
			return os.MkdirAll(e.Getenv("TMPDIR"), 0o700)
		},
	})
}
