package daemon

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestQuiet(t *testing.T) {
	q, said := quiet{every: time.Second}, []int{}
	now := time.Unix(100, 0)
	for range 25 { // ten times a second
		q.say(now, func(kept int) { said = append(said, kept) })
		now = now.Add(100 * time.Millisecond)
	}
	require.Equal(t, []int{0, 9, 9}, said)
}
