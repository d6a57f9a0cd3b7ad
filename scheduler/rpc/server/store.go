package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// store has the operands of all sessions: equal content is there once.
type store struct {
	scheduler scheduler.Service
	limits    *Limits

	mu        sync.Mutex
	last      uint64 // number
	byContent map[content]*operand
	byName    map[string]*operand
	files     map[string]*fileTensor // not in byName until they are used
	owners    map[string]string      // of names: the tenants that gave them
	uploads   map[uploadKey]*upload
	staged    int64            // bytes of uploads
	used      map[string]int64 // bytes that count against tenants' bounds
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
	loaded  job.Operand
	holds   int            // of sessions and names; freed at 0
	holders map[string]int // of those, each tenant's
	names   []string
	file    string
}

func newStore(s scheduler.Service, l *Limits) *store {
	return &store{
		scheduler: s, limits: l, last: startNumber(),
		byContent: map[content]*operand{}, byName: map[string]*operand{}, files: map[string]*fileTensor{},
		owners: map[string]string{}, uploads: map[uploadKey]*upload{}, used: map[string]int64{},
	}
}

// startNumber is where a run of the server begins to number. Callers may still use
// numbers of another run: those must name nothing, rather than something else. It is
// less than 2^52, as not all who read JSON know larger ones.
func startNumber() uint64 { return rand.Uint64N(1 << 52) }

// find takes hold of content that is loaded, for a tenant. It returns nil if
// there is none. Bytes of an upload, which end with it, do not count twice.
func (s *store) find(c content, who string, uploaded int64) (*operand, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byContent[c]
	if o == nil {
		return nil, nil
	}
	return o, s.hold(o, who, uploaded)
}

// load puts content on the device, held once by a tenant, unless it is there
// already.
func (s *store) load(c content, hashed bool, v tensor.View, file, who string, uploaded int64) (*operand, error) {
	loaded, err := s.scheduler.LoadOperand(v)
	switch {
	case errors.Is(err, job.ErrTooLarge):
		return nil, err
	case errors.Is(err, device.ErrOutOfMemory):
		if most := s.scheduler.Info().Memory; most > 0 && c.bytes() > most { // whoever releases theirs
			return nil, wire.TooLarge("content", "operands of up to "+wire.Bytes(int(most))+", the device's memory", "%d bytes", c.bytes())
		}
		return nil, fmt.Errorf("%w: %w", job.ErrOutOfMemory, err)
	case err != nil:
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.byContent[c]; hashed && o != nil { // it was there, or somebody was faster
		loaded.Release()
		return o, s.hold(o, who, uploaded)
	}
	o := &operand{id: s.last + 1, content: c, hashed: hashed, loaded: loaded, holders: map[string]int{}, file: file}
	if err := s.hold(o, who, uploaded); err != nil {
		loaded.Release()
		return nil, err
	}
	s.last++
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

// release gives up some of a tenant's holds.
func (s *store) release(o *operand, times int, who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(o, times, who)
}

func (s *store) drop(o *operand, times int, who string) {
	s.unhold(o, times, who)
	if o.holds -= times; o.holds > 0 {
		return
	}
	delete(s.byContent, o.key())
	o.loaded.Release()
}

// name gives an operand a name, which holds it and is the tenant's. It takes over
// the tenant's hold.
func (s *store) name(o *operand, name, who string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch other := s.byName[name]; {
	case other == o:
		s.drop(o, 1, who)
		return nil
	case other != nil || s.files[name] != nil:
		s.drop(o, 1, who)
		return &job.InvalidError{Field: "name", Got: fmt.Sprintf("%q, which has other content", name), Allowed: "a name that is free"}
	}
	if err := s.charge(who, operandOverhead, 0); err != nil {
		s.drop(o, 1, who)
		return err
	}
	s.byName[name], s.owners[name] = o, who
	o.names = append(o.names, name)
	return nil
}

// unname takes a name away, on behalf of its owner or an admin.
func (s *store) unname(name string, by caller) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byName[name]
	switch {
	case s.files[name] != nil:
		return &job.InvalidError{Field: "name", Got: fmt.Sprintf("%q, of a file of the server", name), Allowed: "names given in a Load"}
	case o == nil:
		return fmt.Errorf("%w: no operand has the name %q", job.ErrReleased, name)
	}
	who := s.owners[name]
	if who != by.tenant && !by.admin {
		return errNotYours(fmt.Sprintf("the name %q", name), "its owner and admins")
	}
	delete(s.byName, name)
	delete(s.owners, name)
	s.uncharge(who, operandOverhead)
	o.names = slices.DeleteFunc(o.names, func(n string) bool { return n == name })
	s.drop(o, 1, who)
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
	clear(s.owners)
	clear(s.used)
	s.staged = 0
	var errs []error
	for _, m := range server.mapped {
		errs = append(errs, m.Unmap())
	}
	server.mapped = nil
	return errors.Join(errs...)
}
