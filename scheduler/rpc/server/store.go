package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// store has the operands of all sessions: equal content is there once.
type store struct {
	scheduler *scheduler.Scheduler
	limits    *Limits

	mu        sync.Mutex
	last      uint64
	byContent map[content]*operand
	byName    map[string]*operand
	files     map[string]*fileTensor // not in byName until they are used
	uploads   map[content]*upload
	staged    int64 // bytes of uploads
}

// content says what an operand consists of. It is the key of equal content.
type content struct {
	dtype tensor.DType
	dims  tensor.Dims
	hash  [32]byte
}

// bytes is the size, known not to overflow.
func (c *content) bytes() int64 {
	return int64(c.dims[0]) * int64(c.dims[1]) * int64(c.dims[2]) * int64(c.dtype.Size())
}

// operand is loaded content.
type operand struct {
	id      uint64
	content content
	hashed  bool // content.hash is known
	loaded  *scheduler.Operand
	holds   int // of sessions and names; freed at 0
	names   []string
	file    string
}

func newStore(s *scheduler.Scheduler, l *Limits) *store {
	return &store{
		scheduler: s, limits: l,
		byContent: map[content]*operand{}, byName: map[string]*operand{}, files: map[string]*fileTensor{}, uploads: map[content]*upload{},
	}
}

// find takes hold of content that is loaded.
func (s *store) find(c content) *operand {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byContent[c]
	if o != nil {
		o.holds++
	}
	return o
}

// load puts content on the device, held once, unless it is there already.
func (s *store) load(c content, hashed bool, v tensor.View, file string) (*operand, error) {
	if hashed {
		if o := s.find(c); o != nil {
			return o, nil
		}
	}
	loaded, err := s.scheduler.Load(v)
	switch {
	case errors.Is(err, device.ErrOutOfMemory):
		return nil, fmt.Errorf("%w: %w", job.ErrOutOfMemory, err)
	case err != nil:
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.byContent[c]; hashed && o != nil { // somebody was faster
		loaded.Release()
		o.holds++
		return o, nil
	}
	s.last++
	o := &operand{id: s.last, content: c, hashed: hashed, loaded: loaded, holds: 1, file: file}
	s.byContent[o.key()] = o
	return o, nil
}

// key is what the store has an operand by. Content without a hash is equal to
// nothing: its key has no type.
func (o *operand) key() content {
	key := o.content
	if !o.hashed {
		key.dtype, key.hash = 0, [32]byte{}
		binary.LittleEndian.PutUint64(key.hash[:], o.id)
	}
	return key
}

// release gives up some holds.
func (s *store) release(o *operand, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(o, times)
}

func (s *store) drop(o *operand, times int) {
	if o.holds -= times; o.holds > 0 {
		return
	}
	delete(s.byContent, o.key())
	o.loaded.Release()
}

// name gives an operand a name, which holds it. It takes over the caller's
// hold.
func (s *store) name(o *operand, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch other := s.byName[name]; {
	case other == o:
		s.drop(o, 1)
		return nil
	case other != nil || s.files[name] != nil:
		s.drop(o, 1)
		return &job.InvalidError{Field: "name", Got: fmt.Sprintf("%q, which has other content", name), Allowed: "a name that is free"}
	}
	s.byName[name] = o
	o.names = append(o.names, name)
	return nil
}

// unname takes a name away.
func (s *store) unname(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byName[name]
	switch {
	case s.files[name] != nil:
		return &job.InvalidError{Field: "name", Got: fmt.Sprintf("%q, of a file of the server", name), Allowed: "names given in a Load"}
	case o == nil:
		return fmt.Errorf("%w: no operand has the name %q", job.ErrReleased, name)
	}
	delete(s.byName, name)
	o.names = slices.DeleteFunc(o.names, func(n string) bool { return n == name })
	s.drop(o, 1)
	return nil
}

// named returns the operand of a name, loading it from its file at first use.
func (s *store) named(name string) (tensor.View, error) {
	s.mu.Lock()
	o, f := s.byName[name], s.files[name]
	s.mu.Unlock()
	switch {
	case o != nil:
		return o.loaded.View(), nil
	case f == nil:
		return tensor.View{}, fmt.Errorf("%w: no operand has the name %q", job.ErrReleased, name)
	}
	return f.use(s)
}

// close releases everything and unmaps the files.
func (s *store) close(server *Server) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.byContent {
		o.loaded.Release()
	}
	clear(s.byContent)
	clear(s.byName)
	clear(s.files)
	clear(s.uploads)
	s.staged = 0
	var errs []error
	for _, m := range server.mapped {
		errs = append(errs, m.Unmap())
	}
	server.mapped = nil
	return errors.Join(errs...)
}
