package rpc

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/metallic-sched/metallic-sched/device"
)

// codec writes messages as package connect would. They refer to memory of callers,
// which may be gone: a *device.MemoryError then, before anything was sent.
type codec struct{}

// Name implements connect.Codec.
func (codec) Name() string { return "proto" }

// Marshal implements connect.Codec.
func (c codec) Marshal(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalAppend is Marshal into memory that package connect uses again.
func (codec) MarshalAppend(to []byte, message any) (data []byte, err error) {
	m, ok := message.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("rpc: %T is not a message", message)
	}
	gone := device.Try(func() { data, err = proto.MarshalOptions{}.MarshalAppend(to, m) })
	if gone != nil {
		return nil, gone
	}
	return data, err
}

// Unmarshal implements connect.Codec.
func (codec) Unmarshal(data []byte, message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return fmt.Errorf("rpc: %T is not a message", message)
	}
	return proto.Unmarshal(data, m)
}
