package server

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// What is counted is enough for what is written, whatever is in it.
func TestRoom(t *testing.T) {
	text := strings.Repeat("x", 100)
	worst := &pb.Error{
		Reason: pb.Reason_REASON_OUTCOME_UNKNOWN, Text: text, Retryable: true, Field: text, Got: text, Allowed: text,
		RetryAfterNs: math.MinInt64, Failures: math.MinInt64,
		Limit: &pb.Limit{Name: text, Tenant: text, InUse: math.MinInt64, Max: math.MinInt64, Excess: math.MinInt64, Rate: -math.MaxFloat64},
	}
	for n := range 100 {
		for _, r := range []*pb.Result{
			{Id: math.MaxUint64, Data: bytes.Repeat([]byte{0xff}, n)},
			{Id: math.MaxUint64, Error: worst},
			{Id: math.MaxUint64, Error: &pb.Error{}},
		} {
			many := &pb.SubmitManyResponse{}
			size := 0
			for range 1 + n {
				many.Results = append(many.Results, r)
				size += taken(r)
			}
			most := aroundMessage + size
			for ; roomOf(most, false) < size; most++ {
			}
			require.LessOrEqual(t, proto.Size(many), most)
			for ; roomOf(most, true) < size; most++ {
			}
			written, err := protojson.Marshal(many)
			require.NoError(t, err)
			require.LessOrEqual(t, len(written), most)
		}
	}
	require.Zero(t, roomOf(10, true))
}

func TestIsJSON(t *testing.T) {
	for _, kind := range []string{
		"application/json", "Application/JSON ; charset=utf-8", "application/connect+json", "application/grpc+json", "application/grpc-web+json",
	} {
		require.True(t, isJSON(kind), kind)
	}
	for _, kind := range []string{"", "application/proto", "application/grpc", "application/connect+proto; x=json"} {
		require.False(t, isJSON(kind), kind)
	}
}
