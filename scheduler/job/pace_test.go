package job

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPace(t *testing.T) {
	type look struct {
		at    time.Duration
		count int64
		want  float64
	}
	for name, looks := range map[string][]look{
		"never looked before":      {{0, 100, 0}},
		"between two looks":        {{0, 100, 0}, {time.Second, 350, 250}, {3 * time.Second, 450, 50}},
		"too soon keeps the last":  {{0, 0, 0}, {time.Second, 10, 10}, {time.Second + paceShort - 1, 1000, 10}},
		"too soon at first":        {{0, 0, 0}, {1, 1000, 0}, {paceShort, 1000, 100_000}},
		"too long ago":             {{0, 0, 0}, {time.Second, 10, 10}, {time.Second + paceLong + 1, 1000, 0}, {2*time.Second + paceLong + 1, 1007, 7}},
		"as long ago as it may be": {{0, 0, 0}, {paceLong, 100, 10}},
		"nothing given back":       {{0, 5, 0}, {time.Second, 5, 0}},
		"never negative":           {{0, 5, 0}, {time.Second, 4, 0}},
	} {
		p, start := &pace{}, time.Unix(1000, 0)
		for _, l := range looks {
			require.Equal(t, l.want, p.look(start.Add(l.at), l.count), "%s at %v", name, l.at)
		}
	}
}

// refuse has an account refused at a time.
func refuse(t *testing.T, a *Account, n, bytes int64) *QueueFullError {
	var full *QueueFullError
	require.ErrorAs(t, a.Admit(n, bytes), &full)
	return full
}

// TestLatelyByLimit gives back 5 jobs of 10 bytes in half a second.
func TestLatelyByLimit(t *testing.T) {
	for limit, c := range map[string]struct {
		limits Limits
		want   float64
	}{
		limitJobs:        {Limits{Jobs: 10}, 10},
		limitBytes:       {Limits{Bytes: 100}, 100},
		limitTenantJobs:  {Limits{TenantJobs: 10}, 10},
		limitTenantBytes: {Limits{TenantBytes: 100}, 100},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLedger(c.limits)
			a, other := l.Account("a"), l.Account("other")
			require.NoError(t, a.Admit(10, 100))
			a.Reject(3) // what was refused gave nothing back
			full := refuse(t, a, 2, 20)
			require.Equal(t, limit, full.Limit)
			require.Positive(t, full.Excess)
			require.Zero(t, a.Lately(full.Limit, time.Now()), "nothing to go by")
			for range 5 {
				a.Lease(10).end(Done)
			}
			time.Sleep(time.Second / 2)
			require.NoError(t, a.Admit(5, 50))
			require.InDelta(t, c.want, a.Lately(refuse(t, a, 1, 10).Limit, time.Now()), 1e-9, limit)
			if limit == limitTenantJobs || limit == limitTenantBytes {
				require.NoError(t, other.Admit(1, 10), "another tenant has its own pace")
			}
		})
	}
}
