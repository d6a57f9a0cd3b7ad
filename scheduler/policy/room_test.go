package policy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRoom(t *testing.T) {
	const us = time.Microsecond
	for name, c := range map[string]struct {
		inflight            int
		remaining, handover time.Duration
		depth               int
		want                bool
	}{
		"idle":                       {0, 0, 0, 1, true},
		"idle whatever was foretold": {0, time.Hour, us, 1, true},
		"idle with no depth":         {0, 0, us, 0, true},
		"depth reached":              {1, 0, us, 1, false},
		"almost done":                {1, us - 1, us, 2, true},
		"exactly the hand-over":      {1, us, us, 2, false},
		"plenty of work":             {1, time.Second, us, 2, false},
		"deep and almost done":       {3, 0, us, 4, true},
		"deep and full":              {4, 0, us, 4, false},
		"overdue counts as done":     {1, -us, us, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, Room(c.inflight, c.remaining, c.handover, c.depth))
		})
	}
}
