package server

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

const (
	// aroundMessage, aroundResult and aroundError are the most bytes that a message, a
	// result and an error have besides data and texts, in JSON too.
	aroundMessage = 1024
	aroundResult  = 64
	aroundError   = 256
)

// room returns how many bytes the results in an answer to a call may have.
func (s *Server) room(ctx context.Context) int {
	b, ok := ctx.Value(bodyKey{}).(*body)
	return roomOf(s.cfg.Limits.MessageBytes, ok && b.json)
}

// roomOf is room for a message of up to most bytes. JSON has its data in base64: three
// bytes become four.
func roomOf(most int, json bool) int {
	if most -= aroundMessage; json {
		most = most / 4 * 3
	}
	return max(most, 0)
}

// isJSON reports whether messages of a content type are JSON.
func isJSON(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	return strings.HasSuffix(strings.ToLower(strings.TrimSpace(kind)), "json")
}

// errTogether is for results, of size bytes with what is around them, that are too
// large for one answer; nil if they are not.
func errTogether(size, room int) error {
	if size <= room {
		return nil
	}
	return wire.TooLarge("jobs", "results of up to "+wire.Bytes(room)+" together, 64 bytes more for each counted", "%d bytes", size)
}

// taken returns how much of the room for results one takes.
func taken(r *pb.Result) int {
	n := len(r.GetData()) + aroundResult
	if r.GetError() != nil {
		n += proto.Size(r.GetError()) + aroundError
	}
	return n
}
