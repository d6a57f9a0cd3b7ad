package gpu

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

// However many ask, a value is made once, and they wait for it.
func TestFlightsMakeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f Flights[string, int]
		var made atomic.Int32
		release := make(chan struct{})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				v, err := f.Get("k", func() (int, error) {
					<-release
					return int(made.Add(1)), nil
				})
				if err != nil || v != 1 {
					t.Errorf("got %d, %v", v, err)
				}
			})
		}
		synctest.Wait() // all of them wait
		close(release)
		all.Wait()
		require.EqualValues(t, 1, made.Load())
	})
}

func TestFlightsKeepNoErrors(t *testing.T) {
	var f Flights[int, string]
	failure := errors.New("no")
	_, err := f.Get(1, func() (string, error) { return "", failure })
	require.ErrorIs(t, err, failure)
	v, err := f.Get(1, func() (string, error) { return "yes", nil })
	require.NoError(t, err)
	require.Equal(t, "yes", v)

	var released []string
	f.Drain(func(v string) { released = append(released, v) })
	require.Equal(t, []string{"yes"}, released)
	f.Drain(func(string) { t.Fatal("it was released before") })
}

// A panic is that of the one who makes the value; the others get an error, and the
// next makes it.
func TestFlightsOutlivePanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f Flights[string, int]
		release := make(chan struct{})
		var all sync.WaitGroup
		var panicked any
		var waited error
		all.Go(func() {
			defer func() { panicked = recover() }()
			_, _ = f.Get("k", func() (int, error) {
				<-release
				panic("no")
			})
		})
		synctest.Wait()
		all.Go(func() { _, waited = f.Get("k", nil) })
		synctest.Wait() // it waits for the first
		close(release)
		all.Wait()
		require.Equal(t, "no", panicked)
		require.ErrorIs(t, waited, errPanicked)
		v, err := f.Get("k", func() (int, error) { return 1, nil })
		require.NoError(t, err)
		require.Equal(t, 1, v)
	})
}

// What is made when all was drained is released, and nobody gets it.
func TestFlightsDrainedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f Flights[string, int]
		var released []int
		made := make(chan struct{})
		var all sync.WaitGroup
		get := func(create func() (int, error)) {
			if v, err := f.Get("k", create); !errors.Is(err, device.ErrClosed) || v != 0 {
				t.Errorf("got %d, %v", v, err)
			}
		}
		all.Go(func() {
			get(func() (int, error) {
				<-made
				return 7, nil
			})
		})
		synctest.Wait()
		all.Go(func() { get(nil) })
		synctest.Wait()
		f.Drain(func(v int) { released = append(released, v) })
		require.Empty(t, released)
		close(made)
		all.Wait()
		require.Equal(t, []int{7}, released)
		get(nil) // nothing is made any more
	})
}
