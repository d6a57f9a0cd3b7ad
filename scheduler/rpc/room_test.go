package rpc_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// A result that the answer has no room for is refused before anything is computed, as
// what is too large for ever: JSON has less room. What is allowed is answered.
func TestResultTooLarge(t *testing.T) {
	const most = 1 << 20
	r := startRig(t, rigConfig{tcp: true, server: server.Config{Limits: server.Limits{MessageBytes: most}}})
	row := func(id, n int) string { // n bytes are its result
		return fmt.Sprintf(`{"id":%d,"matmul":{"a":{"dims":[1,1],"data":"AACAPw=="},"b":{"dims":[1,%d],"strides":[0,0],"data":"AACAPw=="}}}`, id, n/4)
	}
	submit := func(n int) string {
		return r.post(metallicv1connect.JobServiceSubmitProcedure, "application/json", nil, strings.NewReader(`{"job":`+row(0, n)+`}`))
	}
	const room = (most - 1024) / 4 * 3
	const refused = "results of up to 785664 bytes"
	text := submit(room + 4)
	require.Contains(t, text, `"code":"invalid_argument"`)
	require.Contains(t, text, refused)
	streamed := r.stream("application/connect+json", `{"hello":{"session":"`+someone+`"}}`, `{"jobs":[`+row(1, room+4)+`]}`)
	require.Contains(t, streamed, refused)
	many := func(n int, count int) string {
		rows := make([]string, count)
		for i := range rows {
			rows[i] = row(0, n)
		}
		return r.post(metallicv1connect.JobServiceSubmitManyProcedure, "application/json", nil, strings.NewReader(`{"jobs":[`+strings.Join(rows, ",")+`]}`))
	}
	text = many(room/3, 3)
	require.Contains(t, text, refused+" together")
	require.Equal(t, 3, strings.Count(text, "REASON_TOO_LARGE"))
	require.Zero(t, r.scheduler.Audit().Submitted)

	var answer struct{ C struct{ Data []byte } }
	require.NoError(t, json.NewDecoder(strings.NewReader(submit(room))).Decode(&answer))
	require.Len(t, answer.C.Data, room)
	var answers struct{ Results []struct{ Data []byte } }
	require.NoError(t, json.NewDecoder(strings.NewReader(many(room/3-64, 3))).Decode(&answers))
	require.Len(t, answers.Results, 3)
	require.Len(t, answers.Results[2].Data, room/3-64)
}

// What SubmitMany was answered before takes room again, and what is around results does.
func TestResultsTooLargeTogether(t *testing.T) {
	const most = 1 << 20
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{MessageBytes: most}}})
	jobs := r.dial(rpc.Config{}).Jobs
	row := func(id uint64, n int64) *pb.Job {
		b := given([]float32{1}, 1, n/4)
		b.Strides = []int64{0, 0}
		return &pb.Job{Id: id, Work: &pb.Job_Matmul{Matmul: &pb.Matmul{A: given([]float32{1}, 1, 1), B: b}}}
	}
	submit := func(list ...*pb.Job) (*connect.Response[pb.SubmitManyResponse], error) {
		return jobs.SubmitMany(t.Context(), connect.NewRequest(&pb.SubmitManyRequest{Session: someone, Jobs: list}))
	}
	m, err := submit(row(1, most/2), row(2, most/2)) // which leaves nothing for the rest
	require.NoError(t, err)
	require.Equal(t, pb.Reason_REASON_TOO_LARGE, m.Msg.GetResults()[1].GetError().GetReason())
	require.Zero(t, r.scheduler.Audit().Submitted)

	for id := uint64(3); id < 5; id++ {
		_, err = submit(row(id, most/2))
		require.NoError(t, err)
	}
	again := []*pb.Job{row(3, most/2), row(4, most/2)}
	again[0].Retry, again[1].Retry = true, true
	_, err = submit(again...)
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
	require.ErrorContains(t, err, "allowed: results of up to 1047552 bytes together")
	require.Equal(t, int64(2), r.scheduler.Audit().Submitted)
}
