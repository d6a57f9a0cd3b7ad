package scheduler

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsers(t *testing.T) {
	var u users
	ended := make(chan struct{}, 2)
	end := func() { ended <- struct{}{} }
	require.True(t, u.enter())
	require.True(t, u.enter())
	u.leave()
	u.end(end)
	require.False(t, u.enter())
	u.stay()
	u.leave()
	require.Empty(t, ended, "one is in")
	u.leave()
	<-ended

	var nobody users
	nobody.end(end)
	require.Len(t, ended, 1, "at once")
	require.False(t, nobody.enter())
}
