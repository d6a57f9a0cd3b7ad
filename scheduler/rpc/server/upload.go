package server

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// upload is content that has arrived in part, of one tenant: nobody goes on with
// another's.
type upload struct {
	who     string
	content content
	hashed  bool
	size    int64
	data    []byte
	sum     hash.Hash
	seen    time.Time // when it was left, to be resumed
}

type uploadKey struct {
	content content
	who     string
}

func (u *upload) key() uploadKey { return uploadKey{u.content, u.who} }

// parse reads what a message says of content.
func (s *store) parse(m *pb.Content) (c content, hashed bool, err error) {
	if c.dtype, err = wire.TypeOf(m.GetDtype()); err != nil {
		return c, false, err
	}
	if c.dims, err = wire.Dims("content", m.GetDims()); err != nil {
		return c, false, err
	}
	rest := s.limits.OperandBytes / int64(c.dtype.Size())
	for _, d := range c.dims {
		if d == 0 {
			return c, false, wire.Invalid("content.dims", "at least 1", "%v", c.dims)
		}
		if rest /= int64(d); rest == 0 {
			return c, false, wire.TooLarge("content", "operands of up to "+wire.Bytes(int(s.limits.OperandBytes)), "%v of %v", c.dims, c.dtype)
		}
	}
	switch n := len(m.GetSha256()); n {
	case 0:
		return c, false, nil
	case len(c.hash):
		copy(c.hash[:], m.GetSha256())
		return c, true, nil
	default:
		return c, false, wire.Invalid("content.sha256", "32 bytes, or none", "%d", n)
	}
}

// offset returns how much of an upload is here.
func (s *store) offset(c content, who string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.uploads[uploadKey{c, who}]; u != nil {
		return int64(len(u.data))
	}
	return 0
}

// begin starts an upload or takes up one that was left.
func (s *store) begin(c content, hashed bool, offset int64, who string) (*upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &upload{who: who, content: c, hashed: hashed, size: c.bytes(), sum: sha256.New()}
	if left := s.uploads[u.key()]; hashed && left != nil {
		u = left
		delete(s.uploads, u.key()) // nobody else goes on with it
	}
	if err := s.affords(who, u.size+operandOverhead-int64(len(u.data))); err != nil {
		s.put(u)
		return nil, err // before it was sent in vain
	}
	if offset == int64(len(u.data)) {
		return u, nil
	}
	if offset == 0 { // from the beginning again
		s.unstage(u)
		u.data, u.sum = u.data[:0], sha256.New()
		return u, nil
	}
	got := len(u.data)
	s.put(u)
	return nil, wire.Invalid("offset", fmt.Sprintf("%d, or 0", got), "%d", offset)
}

// add takes the next piece.
func (s *store) add(u *upload, data []byte) error {
	if int64(len(u.data)+len(data)) > u.size {
		return wire.Invalid("data", fmt.Sprintf("%d bytes, as the content says", u.size), "more")
	}
	s.mu.Lock()
	err := s.stage(u, int64(len(data)))
	s.mu.Unlock()
	if err != nil {
		return err
	}
	u.data = append(u.data, data...)
	u.sum.Write(data)
	return nil
}

// stage counts bytes of an upload that are about to be kept.
func (s *store) stage(u *upload, n int64) error {
	if over := s.staged + n - s.limits.UploadBytes; over > 0 {
		return &job.QueueFullError{Limit: "bytes of uploads", InUse: s.staged, Max: s.limits.UploadBytes, Excess: over}
	}
	if err := s.charge(u.who, n, 0); err != nil {
		return err
	}
	s.staged += n
	return nil
}

// unstage no longer counts those of an upload that ends.
func (s *store) unstage(u *upload) {
	s.staged -= int64(len(u.data))
	s.uncharge(u.who, int64(len(u.data)))
}

// leave keeps an upload that can be resumed, and drops another.
func (s *store) leave(u *upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(u)
}

func (s *store) put(u *upload) {
	other := s.uploads[u.key()]
	if !u.hashed || len(u.data) == 0 || other != nil && len(other.data) >= len(u.data) {
		s.unstage(u)
		return
	}
	if other != nil {
		s.unstage(other)
	}
	u.seen = time.Now()
	s.uploads[u.key()] = u
}

// finish checks the content of an upload and loads it, held once. Whatever comes
// of it the upload is over.
func (s *store) finish(u *upload) (*operand, error) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unstage(u)
	}()
	if n := int64(len(u.data)); n != u.size {
		return nil, wire.Invalid("data", fmt.Sprintf("%d bytes, as the content says", u.size), "%d", n)
	}
	if sum := u.sum.Sum(nil); u.hashed && !bytes.Equal(sum, u.content.hash[:]) {
		return nil, &job.InvalidError{
			Field: "content.sha256", Got: fmt.Sprintf("%x", u.content.hash), Allowed: fmt.Sprintf("%x, the hash of the data", sum),
			Kind: job.ErrCorrupt,
		}
	}
	u.sum.Sum(u.content.hash[:0])
	d := u.content.dims
	if o, err := s.find(u.content, u.who, int64(len(u.data))); o != nil {
		return o, err
	}
	return s.load(u.content, true, tensor.Bytes(u.data, u.content.dtype, d[0], d[1], d[2]), "", u.who, int64(len(u.data)))
}

// expire drops uploads that were left before a time.
func (s *store) expire(before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, u := range s.uploads {
		if u.seen.Before(before) {
			delete(s.uploads, c)
			s.unstage(u)
		}
	}
}
