package server

import (
	"bytes"
	"crypto/rand"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// marker marks messages that could not be read with the reason: among their unknown
// fields, for a codec has nothing else that goes with a message.
type marker struct{ prefix []byte } // has a secret: no caller can mark a message

// markField is no field of any message of ours.
const markField = protowire.MaxValidNumber

func newMarker() marker {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	return marker{field(nil, secret[:])}
}

func field(to, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, markField, protowire.BytesType), data)
}

// mark leaves nothing of a message but why it could not be read.
func (k marker) mark(m proto.Message, err error) {
	proto.Reset(m)
	reason, _ := proto.Marshal(wire.FromError(err, time.Now())) // its texts are UTF-8: never fails
	m.ProtoReflect().SetUnknown(field(slices.Clone(k.prefix), reason))
}

// reason returns why a message could not be read; nil if it could.
func (k marker) reason(message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return nil
	}
	data, ok := bytes.CutPrefix(m.ProtoReflect().GetUnknown(), k.prefix)
	if !ok {
		return nil
	}
	e := &pb.Error{}
	if _, _, n := protowire.ConsumeTag(data); n > 0 {
		data, _ = protowire.ConsumeBytes(data[n:])
	}
	_ = proto.Unmarshal(data, e) // mark's
	return wire.ToError(e, time.Now())
}
