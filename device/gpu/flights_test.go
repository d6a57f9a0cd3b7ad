package gpu

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
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
