package rpc

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// queuing returns a client without a server that takes messages of some bytes, with a
// call for each size in its queue.
func queuing(t *testing.T, most int, sizes ...int) (*Client, []*call) {
	t.Helper()
	c := &Client{ledger: job.NewLedger(job.Limits{})}
	c.window.base = 1
	c.maxMessage.Store(int64(most))
	c.maxJobs.Store(softJobs)
	list := make([]*call, len(sizes))
	account := c.ledger.Account("")
	for i, n := range sizes {
		require.NoError(t, account.Admit(1, 0))
		x := &call{client: c, size: n}
		x.message.Work = &pb.Job_Softmax{Softmax: &pb.Softmax{X: &pb.Tensor{Memory: &pb.Tensor_Data{Data: make([]byte, n)}}}}
		x.Init(account.Lease(0), nil)
		c.put(x)
		list[i] = x
	}
	return c, list
}

// No message is larger than the server takes, with what is cancelled as well, and all
// that is queued is said, in order.
func TestMessagesAreBounded(t *testing.T) {
	const most = 16 << 10
	c, list := queuing(t, most, 4000, 4000, 4000, 4000, most-messageSlack, 1, most-messageSlack, 8000, 8000)
	list[7].together = &together{list[7:]}
	list[8].together = list[7].together
	for i := range 1000 {
		c.cancels = append(c.cancels, 1<<40+uint64(i))
	}
	var b batch
	var jobs []*pb.Job
	cancelled := 0
	for c.next(&b, time.Now()) {
		require.LessOrEqual(t, proto.Size(&b.request), most)
		require.Equal(t, b.request.Together, len(b.calls) > 0 && b.calls[0] == list[7])
		jobs = append(jobs, b.request.Jobs...)
		cancelled += len(b.request.Cancel)
	}
	require.Equal(t, 1000, cancelled)
	require.Len(t, jobs, len(list))
	for i, x := range list {
		require.Same(t, &x.message, jobs[i])
	}
}

// A held call that has ended is not sent again, and the server is told: its operands may
// be given back at any time.
func TestEndedIsNotSentAgain(t *testing.T) {
	c, list := queuing(t, 1<<20, 4)
	x := list[0]
	x.writesShared = true
	var b batch
	require.True(t, c.next(&b, time.Now()))
	require.True(t, x.held)
	x.fail(job.ErrInvalid)
	x.again, x.queued = true, true
	c.queue = append(c.queue, x) // as a new connection does

	require.True(t, c.next(&b, time.Now()))
	require.Empty(t, b.request.Jobs)
	require.Equal(t, []uint64{x.id}, b.request.Cancel)
	require.Nil(t, c.window.get(x.id))
}
