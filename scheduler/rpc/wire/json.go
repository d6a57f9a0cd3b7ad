package wire

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Read reads a message in protobuf.
func Read(data []byte, m proto.Message) error {
	if err := proto.Unmarshal(data, m); err != nil {
		return &job.InvalidError{Field: "message", Cause: errors.New(textOf(err))}
	}
	return nil
}

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
	return &job.InvalidError{Field: "JSON", Cause: errors.New(textOf(err))}
}

// textOf returns what package proto says is wrong.
func textOf(err error) string {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ") // which it puts in to be no promise
	return fmt.Sprintf("%.300s", strings.TrimPrefix(text, "proto: "))
}
