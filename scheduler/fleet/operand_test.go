package fleet

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// An operand that is not there is not waited for when the caller's context has ended.
func TestOnHearsTheContext(t *testing.T) {
	f, o := full(t)
	m := f.members[0]
	f.mu.Lock()
	gone := f.clear(o.current, m)
	m.line = append(m.line, new(version)) // so that there is something to wait for
	f.mu.Unlock()
	gone.Release()
	ctx, stop := context.WithCancel(context.Background())
	stop()
	_, err := o.On(ctx, m.s, nil)
	require.ErrorIs(t, err, job.ErrCancelled)
	v := o.current
	_, err = v.On(ctx, m.s, nil)
	require.ErrorIs(t, err, job.ErrCancelled)
}
