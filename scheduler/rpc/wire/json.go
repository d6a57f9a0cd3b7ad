package wire

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// ReadJSON reads a message. People write JSON by hand: what a message has no place
// for is a mistake of theirs, not a newer version's, and refused.
func ReadJSON(data []byte, m proto.Message) error {
	err := protojson.Unmarshal(data, m)
	if err == nil {
		return nil
	}
	if stray := strayIn(data, m.ProtoReflect().Descriptor()); stray != nil {
		return stray
	}
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ") // which protojson puts in to be no promise
	text = fmt.Sprintf("%.300s", strings.TrimPrefix(text, "proto: "))
	return &job.InvalidError{Field: "JSON", Cause: errors.New(text)}
}
