package server

import (
	"compress/gzip"
	"errors"
	"io"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// tooLarge is the answer to a message that is larger than any may be, which no
// waiting helps: unlike one for which there is no room just now.
func (s *Server) tooLarge(format string, args ...any) error {
	return s.fail(wire.TooLarge("message", "up to "+wire.Bytes(s.cfg.Limits.MessageBytes), format, args...))
}

// unpacker is gzip that stops at the largest message. It begins with the first Read:
// of an error of that package connect leaves what it says, of Reset's only the text.
type unpacker struct {
	gzip   gzip.Reader
	packed io.Reader // nil once it has begun
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
func (u *unpacker) Read(p []byte) (n int, err error) {
	if u.packed != nil {
		if err = u.gzip.Reset(u.packed); errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		u.packed = nil
	}
	if err == nil {
		n, err = u.gzip.Read(p)
	}
	switch u.n += int64(n); {
	case u.n > int64(u.server.cfg.Limits.MessageBytes):
		return 0, u.server.tooLarge("more, unpacked")
	case err != nil && !errors.Is(err, io.EOF):
		return 0, u.server.fail(wire.Invalid("message", "gzip, as it is said to be", "%v", err))
	}
	return n, err
}

// Reset implements connect.Decompressor.
func (u *unpacker) Reset(r io.Reader) error {
	u.packed, u.n = r, 0
	return nil
}

// Close implements connect.Decompressor. There is nothing that only Close would free.
func (u *unpacker) Close() error { return nil }
