package server

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// body is a request's, with room reserved for the messages that are read of it.
type body struct {
	io.ReadCloser
	server *Server
	ctx    context.Context
	who    string
	out    *http.ResponseController
	framed bool  // each message begins with its size
	json   bool  // what the messages are written in
	packed bool  // they may be compressed
	plain  int64 // otherwise: the size of the only one, below 0 if that is not known
	come   int64 // how much of that has come
	room   int64 // and how much of it may come before there must be room for more

	prefix [prefixBytes]byte
	have   int   // bytes of prefix
	left   int64 // bytes of the message
	unpack bool  // it is compressed: room for what is in it is still to be had
	full   error // why there is no room for it, or never will be

	mu   sync.Mutex
	held int64
	over bool // the call is: nobody would let go any more
}

const (
	// prefixBytes are before each message: flags and the size, big-endian. gRPC and
	// the streams of Connect have them.
	prefixBytes    = 5
	flagCompressed = 1
	// smallMessage is what nothing is reserved for, nor demanded to come in time:
	// the windows of HTTP/2 bound it as well.
	smallMessage = 64 << 10
	// stepBytes is how much of a message may come step by step, and how large it may be
	// while it is compressed, before there is room for as much as it may get.
	stepBytes = 1 << 20
	// A larger message has messageTime to come, and more at messageRate.
	messageTime = 10 * time.Second
	messageRate = 2 << 20 // bytes a second
)

type bodyKey struct{}

// bounded has messages be read within the limits.
func (s *Server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := s.caller(r.Context()) // whom the call refuses sends nothing large
		kind := r.Header.Get("Content-Type")
		b := &body{
			ReadCloser: r.Body, server: s, ctx: r.Context(), who: who.tenant, out: http.NewResponseController(w),
			framed: strings.HasPrefix(kind, "application/grpc") || strings.HasPrefix(kind, "application/connect+"),
			json:   isJSON(kind),
			packed: packed(r.Header.Get("Grpc-Encoding")) || packed(r.Header.Get("Connect-Content-Encoding")),
			plain:  r.ContentLength,
		}
		b.unpack = !b.framed && packed(r.Header.Get("Content-Encoding"))
		defer b.end()
		r = r.WithContext(context.WithValue(r.Context(), bodyKey{}, b))
		r.Body = b
		next.ServeHTTP(w, r)
	})
}

// packed reports whether messages may be compressed that have an encoding.
func packed(encoding string) bool { return encoding != "" && encoding != "identity" }

// handled lets go of the room of the message that a call has handled.
func handled(ctx context.Context) {
	if b, ok := ctx.Value(bodyKey{}).(*body); ok {
		b.letGo()
	}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (n int, err error) {
	switch {
	case b.full != nil:
		return 0, b.full
	case !b.framed:
		return b.readPlain(p)
	case b.have < prefixBytes:
		return b.readPrefix(p)
	}
	n, err = b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	if b.left -= int64(n); b.left == 0 {
		b.have = 0
		b.deadline(time.Time{})
		return b.whole(n, err)
	}
	return n, b.cutShort(err, "%d bytes less", b.left)
}

// cutShort is for the end of a body within a message. Package connect would call it an
// error of its own.
func (b *body) cutShort(err error, format string, args ...any) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	b.letGo()
	b.full = b.server.fail(wire.Invalid("message", "as many bytes as are said to come", format, args...))
	return b.full
}

// whole is for the last n bytes of a message. What is compressed may be as large as can
// be, and if it is small takes the room for that only now, when nobody waits for the
// sender any more.
func (b *body) whole(n int, err error) (int, error) {
	if !b.unpack {
		return n, err
	}
	b.unpack = false
	if b.full = b.cover(int64(b.server.cfg.Limits.MessageBytes)); b.full != nil {
		return 0, b.full
	}
	return n, err
}

// readPlain reads the only message.
func (b *body) readPlain(p []byte) (int, error) {
	most := int64(b.server.cfg.Limits.MessageBytes)
	if b.plain > most {
		return 0, b.tooLarge(b.plain, b.ReadCloser)
	}
	if b.come >= b.room {
		b.room = widened(b.room, b.plain, most, b.unpack)
		if b.full = b.cover(b.room); b.full != nil {
			return 0, b.full
		}
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), max(b.room-b.come, 1))])
	if b.come += int64(n); b.come > most {
		return 0, b.tooLarge(b.come, b.ReadCloser)
	}
	if errors.Is(err, io.EOF) {
		return b.whole(n, err)
	}
	return n, err
}

// widened returns how much room a message takes of which so much has come, and whose
// size is below 0 if nobody knows it: as much again, so that a trickle holds no more than
// twice what it has sent, but soon all that it may need. Those that wait for more would
// otherwise hold what the others wait for.
func widened(come, size, most int64, packed bool) int64 {
	switch {
	case size >= 0:
		return needed(size, most, packed)
	case come >= stepBytes:
		return most
	default:
		return min(max(2*come, smallMessage), most)
	}
}

// needed returns how much room a message of a size takes before it comes. What is
// compressed takes the rest when all of it is there, unless that is much to hold meanwhile.
func needed(size, most int64, packed bool) int64 {
	if packed && size > stepBytes {
		return most
	}
	return size
}

func (b *body) readPrefix(p []byte) (int, error) {
	if b.have == 0 {
		b.letGo()
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), prefixBytes-b.have)])
	copy(b.prefix[b.have:], p[:n])
	if b.have += n; b.have == 0 {
		return n, err
	} else if b.have < prefixBytes {
		return n, b.cutShort(err, "%d of the %d bytes that say how many", b.have, prefixBytes)
	}
	if b.left = int64(binary.BigEndian.Uint32(b.prefix[1:])); b.left == 0 {
		b.have = 0
		return n, err
	}
	size, most := b.left, int64(b.server.cfg.Limits.MessageBytes)
	switch packed := b.prefix[0]&flagCompressed != 0; {
	case packed && !b.packed:
		b.full = b.server.fail(wire.Invalid("message", "what a header says it is compressed with, or none", "compressed"))
		return 0, b.full
	case size > most:
		return 0, b.tooLarge(size, io.LimitReader(b.ReadCloser, size))
	}
	b.unpack = b.prefix[0]&flagCompressed != 0
	if b.full = b.cover(needed(size, most, b.unpack)); b.full == nil {
		b.deadline(time.Now().Add(messageTime + time.Duration(float64(size)/messageRate*float64(time.Second))))
	}
	return n, err
}

// tooLarge refuses a message for which there never will be room. The rest of it is
// thrown away, piece by piece: a caller may listen only when all is sent.
func (b *body) tooLarge(size int64, rest io.Reader) error {
	b.letGo()
	n, _ := io.Copy(io.Discard, rest)
	b.full = b.server.tooLarge("%d bytes", max(size, b.come+n))
	return b.full
}

// cover waits for room for n bytes of a message, counting what it has already.
func (b *body) cover(n int64) error {
	b.mu.Lock()
	more := n - b.held
	b.mu.Unlock()
	if n <= smallMessage || more <= 0 {
		return nil
	}
	if err := b.server.reading.reserve(b.ctx, b.who, more); err != nil {
		b.letGo()
		return b.server.fail(err)
	}
	b.mu.Lock()
	b.held += more
	over := b.over
	b.mu.Unlock()
	if over {
		b.letGo()
		return io.ErrClosedPipe
	}
	return nil
}

// deadline is for what is read until the next. A server that cannot tell time
// does without.
func (b *body) deadline(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over && b.held > 0 {
		_ = b.out.SetReadDeadline(at)
	}
}

func (b *body) letGo() {
	b.mu.Lock()
	n := b.held
	b.held = 0
	b.mu.Unlock()
	if n > 0 {
		b.server.reading.release(b.who, n)
	}
}

// end is for the call's.
func (b *body) end() {
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
	b.letGo()
}
