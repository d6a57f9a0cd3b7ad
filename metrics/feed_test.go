package metrics_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
)

func TestFeed(t *testing.T) {
	var f metrics.Feed
	f.Record(&metrics.Decision{ID: 1}) // nobody listens
	l := f.Listen(2)
	for id := uint64(2); id < 6; id++ {
		f.Record(&metrics.Decision{ID: id, Rules: []metrics.Rule{{Name: "small-n"}}})
	}
	<-l.News()
	got, dropped := l.Take()
	require.Len(t, got, 2)
	require.Equal(t, uint64(2), got[0].ID)
	require.Equal(t, "small-n", got[1].Rules[0].Name)
	require.Equal(t, uint64(2), dropped)

	f.Record(&metrics.Decision{ID: 7})
	got, dropped = l.Take()
	require.Len(t, got, 1)
	require.Equal(t, uint64(7), got[0].ID)
	require.Zero(t, dropped)

	l.Close()
	f.Record(&metrics.Decision{ID: 8})
	got, _ = l.Take()
	require.Empty(t, got)
}

// Listeners come and go while decisions are recorded.
func TestFeedIsShared(t *testing.T) {
	var f metrics.Feed
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				l := f.Listen(4)
				f.Record(&metrics.Decision{ID: 1})
				<-l.News()
				got, _ := l.Take()
				if len(got) == 0 {
					t.Error("a listener missed its own decision")
				}
				l.Close()
			}
		})
	}
	all.Wait()
}
