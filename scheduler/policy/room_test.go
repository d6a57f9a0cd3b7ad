package policy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRoom(t *testing.T) {
	const us = time.Microsecond
	for name, c := range map[string]struct {
		load     Load
		handover time.Duration
		want     bool
		wait     time.Duration
	}{
		"idle":                               {Load{Depth: 1}, 0, true, 0},
		"idle whatever was foretold":         {Load{Running: time.Hour, Depth: 1}, us, true, 0},
		"idle with no depth":                 {Load{}, us, true, 0},
		"depth reached":                      {Load{Batches: 1, Depth: 1}, us, false, 0},
		"almost done":                        {Load{Batches: 1, Running: us - 1, Depth: 2}, us, true, 0},
		"exactly the hand-over":              {Load{Batches: 1, Running: us, Depth: 2}, us, false, 1},
		"plenty of work":                     {Load{Batches: 1, Running: time.Second, Depth: 2}, us, false, time.Second - us + 1},
		"deep and almost done":               {Load{Batches: 3, Depth: 4}, us, true, 0},
		"deep and full":                      {Load{Batches: 4, Depth: 4}, us, false, 0},
		"overdue counts as done":             {Load{Batches: 1, Running: -us, Depth: 2}, us, true, 0},
		"part of it queued":                  {Load{Batches: 2, Running: 2 * us, Queued: us / 2, Depth: 3}, us, false, 3*us/2 + 1},
		"late, and enough behind it":         {Load{Batches: 2, Queued: us, Depth: 3}, us, false, 0},
		"late, and little behind it":         {Load{Batches: 2, Queued: us - 1, Depth: 3}, us, true, 0},
		"time will not do":                   {Load{Batches: 2, Running: us, Queued: us, Depth: 3}, us, false, 0},
		"the host has enough":                {Load{Batches: 2, Host: 1, Depth: 4}, us, false, 0},
		"the host is through":                {Load{Batches: 2, Depth: 4}, us, true, 0},
		"time is not all that is in the way": {Load{Batches: 2, Host: 1, Running: time.Second, Depth: 4}, us, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			room, wait := Room(c.load, c.handover)
			require.Equal(t, c.want, room)
			require.Equal(t, c.wait, wait)
			if wait > 0 { // by then there is
				c.load.Running -= wait
				require.GreaterOrEqual(t, c.load.Running, time.Duration(0))
				room, _ = Room(c.load, c.handover)
				require.True(t, room)
			}
		})
	}
}

func TestHandover(t *testing.T) {
	const us = time.Microsecond
	var h Handover
	require.Equal(t, 20*us, h.Time(20*us), "nothing is known")
	h.Observe(80 * us)
	require.Equal(t, 80*us, h.Time(20*us))
	h.Observe(0)
	h.Observe(-us)
	require.Equal(t, 80*us, h.Time(20*us), "no time at all says nothing")
	h.Observe(time.Second)
	require.LessOrEqual(t, h.Time(0), 110*us, "an outlier")
	for range 100 {
		h.Observe(40 * us)
	}
	require.InDelta(t, 40*us, h.Time(20*us), float64(us))
	require.Equal(t, 50*us, h.Time(50*us))
}

func TestDeviceShare(t *testing.T) {
	var s DeviceShare
	require.Equal(t, time.Second, s.Of(time.Second))
	for range 100 {
		s.Observe(400*time.Microsecond, 300*time.Microsecond)
	}
	require.InDelta(t, 0.25, s.Of(time.Second).Seconds(), 1e-4)
	s.Observe(0, time.Second) // nothing to learn from
	require.InDelta(t, 0.25, s.Of(time.Second).Seconds(), 1e-4)
	for range 100 {
		s.Observe(time.Millisecond, time.Second)
	}
	require.InDelta(t, 0, s.Of(time.Second).Seconds(), 1e-4)
	for range 100 {
		s.Observe(time.Millisecond, 0)
	}
	require.InDelta(t, 1, s.Of(time.Second).Seconds(), 1e-4)
}
