package server

import (
	"fmt"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// codec reads and writes messages as package connect would, but reads JSON more
// strictly: see wire.ReadJSON. It does not refuse those that it cannot read, for
// package connect would leave nothing of the reason but its text: it marks them, and
// details refuses them.
type codec struct {
	name    string
	marks   marker
	read    func(data []byte, m proto.Message) error
	written func(to []byte, m proto.Message) ([]byte, error)
}

// codecs are what messages are read and written with, JSON under both of its names.
func codecs(k marker) connect.HandlerOption {
	return connect.WithHandlerOptions(
		connect.WithCodec(codec{"proto", k, wire.Read, proto.MarshalOptions{}.MarshalAppend}),
		connect.WithCodec(codec{"json", k, wire.ReadJSON, protojson.MarshalOptions{}.MarshalAppend}),
		connect.WithCodec(codec{"json; charset=utf-8", k, wire.ReadJSON, protojson.MarshalOptions{}.MarshalAppend}),
	)
}

// Name implements connect.Codec.
func (c codec) Name() string { return c.name }

// Marshal implements connect.Codec.
func (c codec) Marshal(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalAppend is Marshal into memory that package connect uses again.
func (c codec) MarshalAppend(to []byte, message any) ([]byte, error) {
	m, ok := message.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("rpc: %T is not a message", message)
	}
	return c.written(to, m)
}

// Unmarshal implements connect.Codec.
func (c codec) Unmarshal(data []byte, message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return fmt.Errorf("rpc: %T is not a message", message)
	}
	if err := c.read(data, m); err != nil {
		c.marks.mark(m, err)
	}
	return nil
}
