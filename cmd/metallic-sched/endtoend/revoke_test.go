package endtoend

import (
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// streamOf opens a stream of jobs and returns what it ended with.
func streamOf(t *testing.T, client *http.Client, url string, header http.Header) <-chan error {
	s := metallicv1connect.NewJobServiceClient(client, url).SubmitStream(t.Context())
	for name, values := range header {
		s.RequestHeader()[name] = values
	}
	require.NoError(t, s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{}}))
	_, err := s.Receive()
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		for err == nil {
			_, err = s.Receive()
		}
		ended <- wire.Failed(err, time.Now())
	}()
	return ended
}

// uploadOf begins an upload and returns what it ended with: nobody reads of the
// stream but what has come.
func uploadOf(t *testing.T, client *http.Client, url string, header http.Header) <-chan error {
	s := metallicv1connect.NewOperandServiceClient(client, url).Load(t.Context())
	for name, values := range header {
		s.RequestHeader()[name] = values
	}
	require.NoError(t, s.Send(&pb.LoadRequest{
		Header: &pb.LoadHeader{Name: "w", Content: &pb.Content{Dims: []int64{1000}}}, Data: make([]byte, 400),
	}))
	ended := make(chan error, 1)
	go func() {
		var err error
		for ; err == nil; time.Sleep(poll) { // an upload hears of its end when it sends
			err = s.Send(&pb.LoadRequest{})
		}
		ended <- err
	}()
	return ended
}

// What is open when a token or an authority is withdrawn ends soon; what others
// have open does not.
func TestRevocation(t *testing.T) {
	f := newFortress(t)
	stranger := f.authority.trusting()
	carol := f.authority.trusting(f.authority.client("carol"))
	streams := map[string]<-chan error{
		"token":       streamOf(t, stranger, f.url, bearer(aliceToken)),
		"certificate": streamOf(t, carol, f.url, nil),
		"upload":      uploadOf(t, stranger, f.url, bearer(aliceToken)),
	}
	stays := streamOf(t, f.authority.trusting(), f.url, bearer(rootToken))
	status, _ := fetch(t, carol, f.url+submitPath, nil, question)
	require.Equal(t, http.StatusOK, status)

	other, err := os.ReadFile(newAuthority(t).file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(f.authority.file, other, 0o600))
	f.writeTokens(t, rootToken+" ops admin\n")
	f.signal(syscall.SIGHUP)
	require.EqualValues(t, 3, f.await("reloaded")["ended"])
	for name, ended := range streams {
		select {
		case err := <-ended:
			if name != "upload" {
				require.ErrorIs(t, err, job.ErrForbidden, name)
			}
		case <-time.After(patience):
			require.FailNow(t, "it goes on", name)
		}
	}
	status, text := fetch(t, carol, f.url+submitPath, nil, question)
	require.Equal(t, http.StatusUnauthorized, status, "on the connection that she has")
	require.Contains(t, text, "not trusted any more")
	require.Empty(t, stays, "others are left alone")
	_, err = metallicv1connect.NewSchedulerServiceClient(stranger, f.url).Status(t.Context(), connect.NewRequest(&pb.StatusRequest{}))
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
}
