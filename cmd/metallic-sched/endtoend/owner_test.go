package endtoend

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// loadNamed uploads n zeros under a name.
func loadNamed(t *testing.T, client *http.Client, url string, header http.Header, name string, n int) error {
	s := metallicv1connect.NewOperandServiceClient(client, url).Load(t.Context())
	for key, values := range header {
		s.RequestHeader()[key] = values
	}
	err := s.Send(&pb.LoadRequest{
		Header: &pb.LoadHeader{Name: name, Content: &pb.Content{Dims: []int64{int64(n)}}}, Data: make([]byte, 4*n),
	})
	if err != nil && !errors.Is(err, io.EOF) { // EOF: it was refused already
		return err
	}
	_, err = s.CloseAndReceive()
	return wire.Failed(err, time.Now())
}

// A name is for everybody to use, and for its owner and admins to take away. What
// a tenant holds is bounded.
func TestOperandsOfTenants(t *testing.T) {
	f := newFortress(t, "-tenant-operand-bytes", "64KiB")
	stranger, carol := f.authority.trusting(), f.authority.trusting(f.authority.client("carol"))
	require.NoError(t, loadNamed(t, stranger, f.url, bearer(aliceToken), "w", 1000))
	const release, byName = "/metallic.v1.OperandService/Release", `{"name":"w"}`
	status, text := fetch(t, carol, f.url+submitPath, nil, `{"job":{"softmax":{"x":{"name":"w"}}}}`)
	require.Equal(t, http.StatusOK, status, text)
	status, text = fetch(t, carol, f.url+release, nil, byName)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, text, "its owner and admins")
	require.ErrorIs(t, loadNamed(t, carol, f.url, nil, "w", 2000), job.ErrInvalid, "it has other content")

	var full *job.QueueFullError
	require.ErrorAs(t, loadNamed(t, stranger, f.url, bearer(aliceToken), "v", 16<<10), &full)
	require.Equal(t, "bytes of operands and uploads of the tenant", full.Limit)
	require.Equal(t, "alice", full.Tenant)
	require.Equal(t, int64(64<<10), full.Max)
	require.NoError(t, loadNamed(t, carol, f.url, nil, "v", 10<<10), "others have room of their own")

	status, text = fetch(t, stranger, f.url+release, bearer(rootToken), byName)
	require.Equal(t, http.StatusOK, status, text)
}
