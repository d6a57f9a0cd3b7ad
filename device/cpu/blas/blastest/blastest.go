// Package blastest gives tests the platform's BLAS.
package blastest

import (
	"os"
	"testing"

	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
)

// Require is the variable that, set to anything, makes a missing library a
// failure. It has no METALLIC_ prefix, since scheduler.FromEnv refuses names
// that it does not know.
const Require = "REQUIRE_BLAS"

// Library returns the platform's BLAS. Without one the test is skipped, and
// the log says how to get one.
func Library(t testing.TB) *blas.Library {
	t.Helper()
	l, err := blas.Find("")
	switch {
	case err == nil:
	case os.Getenv(Require) != "":
		t.Fatalf("%s is set: %v", Require, err)
	default:
		t.Skipf("NOT TESTED: %v", err)
	}
	return l
}
