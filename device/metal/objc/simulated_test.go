//go:build darwin || linux

package objc_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// load returns the runtime of the simulated Metal; what a test leaves there
// fails it.
func load(t *testing.T) (*objc.Runtime, *metalsim.Simulator) {
	s, err := metalsim.Load(context.Background())
	if err != nil {
		if os.Getenv("REQUIRE_CLANG") != "" {
			t.Fatalf("REQUIRE_CLANG is set: %v", err)
		}
		t.Skipf("NOT TESTED: %v; apt-get install clang-19", err)
	}
	r, err := objc.Load(s.Path())
	require.NoError(t, err)
	s.Violations()
	before := s.Live()
	t.Cleanup(func() {
		require.Empty(t, s.Violations())
		require.Equal(t, before, s.Live())
	})
	return r, s
}

func TestClass(t *testing.T) {
	r, _ := load(t)
	require.NotZero(t, r.Class("NSString"))
	require.Zero(t, r.Class("NSNonesuch"))
	require.Equal(t, r.Sel("retain"), r.Sel("retain"))
	require.NotEqual(t, r.Sel("retain"), r.Sel("release"))
}

func TestMissingSymbol(t *testing.T) {
	_, s := load(t)
	library, err := objc.Open(s.Path())
	require.NoError(t, err)
	_, err = library.Symbol("objc_nonesuch")
	require.ErrorContains(t, err, s.Path()+" has no objc_nonesuch")
	var f func()
	require.Error(t, library.Function("objc_nonesuch", &f))
}

// A pool drains what was autoreleased in it, its own only, and also when the
// function panics.
func TestPool(t *testing.T) {
	r, s := load(t)
	var newString func(objc.ID, objc.SEL, string) objc.ID
	var text func(objc.ID, objc.SEL) string
	r.Bind(&newString)
	r.Bind(&text)
	borrow := func() objc.ID { return newString(r.Class("NSString"), r.Sel("stringWithUTF8String:"), "words") }
	strings := func() int { return s.Live()["NSString"] }
	before := strings()
	r.Pool(func() {
		o := borrow()
		require.Equal(t, "words", text(o, r.Sel("UTF8String")))
		r.Pool(func() {
			borrow()
			require.Equal(t, before+2, strings())
		})
		require.Equal(t, before+1, strings())
		require.PanicsWithValue(t, "stop", func() {
			r.Pool(func() {
				borrow()
				panic("stop")
			})
		})
		require.Equal(t, before+1, strings())
	})
	require.Equal(t, before, strings())
}

func TestMessagesToNil(t *testing.T) {
	r, _ := load(t)
	var length func(objc.ID, objc.SEL) uint
	r.Bind(&length)
	require.Zero(t, length(0, r.Sel("length")))
}
