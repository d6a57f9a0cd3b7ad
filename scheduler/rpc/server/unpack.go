package server

import (
	"compress/gzip"
	"io"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// tooLarge is the answer to a message that is larger than any may be, which no
// waiting helps: unlike one for which there is no room just now.
func (s *Server) tooLarge(format string, args ...any) error {
	return s.fail(wire.Invalid("message", "up to "+wire.Bytes(s.cfg.Limits.MessageBytes), format, args...))
}

// unpacker is gzip that stops at the largest message.
type unpacker struct {
	gzip.Reader
	server *Server
	n      int64 // bytes of the message
}

// boundedGzip has messages unpacked within the limits.
func (s *Server) boundedGzip() connect.HandlerOption {
	return connect.WithCompression("gzip",
		func() connect.Decompressor { return &unpacker{server: s} },
		func() connect.Compressor { return gzip.NewWriter(io.Discard) })
}

// Read implements io.Reader.
func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if u.n += int64(n); u.n > int64(u.server.cfg.Limits.MessageBytes) {
		return 0, u.server.tooLarge("more, unpacked")
	}
	return n, err
}

// Reset implements connect.Decompressor.
func (u *unpacker) Reset(r io.Reader) error {
	u.n = 0
	return u.Reader.Reset(r)
}
