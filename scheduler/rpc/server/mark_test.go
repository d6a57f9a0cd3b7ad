package server

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// A mark keeps why a message could not be read, and nothing of the message. Others'
// unknown fields are none, whatever they say.
func TestMarks(t *testing.T) {
	k := newMarker()
	m := &pb.SubmitRequest{Session: "half read"}
	why := &job.InvalidError{Field: "session", Got: "5", Allowed: "text"}
	k.mark(m, why)
	require.Empty(t, m.GetSession())
	require.Equal(t, why, k.reason(m))

	data, err := proto.Marshal(m)
	require.NoError(t, err)
	sent := &pb.SubmitRequest{}
	require.NoError(t, proto.Unmarshal(data, sent))
	require.NotEmpty(t, sent.ProtoReflect().GetUnknown())
	require.NoError(t, newMarker().reason(sent), "by one who does not know the secret")
	require.NoError(t, k.reason(&pb.SubmitRequest{}))
	require.NoError(t, k.reason("no message"))
}
