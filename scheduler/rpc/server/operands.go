package server

import (
	"context"
	"errors"
	"io"

	"connectrpc.com/connect"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// operandService loads operands.
type operandService struct{ *Server }

// Load implements the call.
func (s operandService) Load(
	ctx context.Context, in *connect.ClientStream[pb.LoadRequest],
) (*connect.Response[pb.LoadResponse], error) {
	if !in.Receive() {
		if err := in.Err(); err != nil {
			return nil, err
		}
		return nil, s.fail(wire.Invalid("header", "a LoadHeader in the first message", "no message"))
	}
	h := in.Msg().GetHeader()
	if h == nil {
		return nil, s.fail(wire.Invalid("header", "a LoadHeader in the first message", "missing"))
	}
	o, err := s.load(ctx, h, in)
	if err != nil {
		return nil, s.fail(err)
	}
	return connect.NewResponse(&pb.LoadResponse{Operand: o}), nil
}

func (s operandService) load(ctx context.Context, h *pb.LoadHeader, in *connect.ClientStream[pb.LoadRequest]) (*pb.Operand, error) {
	own, err := s.owner(ctx, h.GetSession(), h.GetName())
	if err != nil {
		return nil, err
	}
	defer own.leave()
	c, hashed, err := s.store.parse(h.GetContent())
	if err != nil {
		return nil, err
	}
	u, err := s.store.begin(c, hashed, h.GetOffset(), own.by.tenant)
	if err != nil {
		return nil, err
	}
	if err := s.fill(u, in); err != nil {
		s.store.leave(u)
		return nil, err
	}
	o, err := s.store.finish(u)
	if err != nil {
		return nil, err
	}
	return own.take(o)
}

// fill takes the pieces of an upload.
func (s operandService) fill(u *upload, in *connect.ClientStream[pb.LoadRequest]) error {
	for first := true; first || in.Receive(); first = false {
		m := in.Msg()
		if !first && m.GetHeader() != nil {
			return wire.Invalid("header", "one, in the first message", "another")
		}
		if err := s.store.add(u, m.GetData()); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// FindOperand implements the call.
func (s operandService) FindOperand(
	ctx context.Context, r *connect.Request[pb.FindOperandRequest],
) (*connect.Response[pb.FindOperandResponse], error) {
	m, err := s.findOperand(ctx, r.Msg)
	if err != nil {
		return nil, s.fail(err)
	}
	return connect.NewResponse(m), nil
}

func (s operandService) findOperand(ctx context.Context, r *pb.FindOperandRequest) (*pb.FindOperandResponse, error) {
	own, err := s.owner(ctx, r.GetSession(), r.GetName())
	if err != nil {
		return nil, err
	}
	defer own.leave()
	c, hashed, err := s.store.parse(r.GetContent())
	switch {
	case err != nil:
		return nil, err
	case !hashed:
		return nil, wire.Invalid("content.sha256", "32 bytes", "missing")
	}
	m := &pb.FindOperandResponse{MaxOperandBytes: s.cfg.Limits.OperandBytes}
	o, err := s.store.find(c, own.by.tenant, 0)
	switch {
	case err != nil:
		return nil, err
	case o == nil:
		m.Offset = s.store.offset(c, own.by.tenant)
		return m, nil
	}
	m.Operand, err = own.take(o)
	return m, err
}

// Release implements the call.
func (s operandService) Release(
	ctx context.Context, r *connect.Request[pb.ReleaseRequest],
) (*connect.Response[pb.ReleaseResponse], error) {
	if err := s.release(ctx, r.Msg); err != nil {
		return nil, s.fail(err)
	}
	return connect.NewResponse(&pb.ReleaseResponse{}), nil
}

func (s operandService) release(ctx context.Context, r *pb.ReleaseRequest) error {
	switch {
	case r.GetName() != "" && r.GetOperand() != 0 || r.GetRegion() != 0 && (r.GetName() != "" || r.GetOperand() != 0):
		return wire.Invalid("operand", "a number, a name or a region", "more than one")
	case r.GetName() != "":
		by, err := s.caller(ctx)
		if err != nil {
			return err
		}
		return s.store.unname(r.GetName(), by)
	}
	own, err := s.owner(ctx, r.GetSession(), "")
	if err != nil {
		return err
	}
	defer own.leave()
	if r.GetRegion() != 0 {
		return own.session.releaseRegion(r.GetRegion())
	}
	return own.session.release(r.GetOperand())
}

// List implements the call.
func (s operandService) List(
	ctx context.Context, r *connect.Request[pb.ListRequest],
) (*connect.Response[pb.ListResponse], error) {
	by, err := s.caller(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	m := &pb.ListResponse{}
	for _, i := range s.store.list(r.Msg.GetPrefix(), by) {
		m.Operands = append(m.Operands, i.message())
	}
	return connect.NewResponse(m), nil
}

func (i *operandInfo) message() *pb.Operand {
	c := &pb.Content{Dtype: wire.FromType(i.content.dtype)}
	for _, d := range i.content.dims {
		c.Dims = append(c.Dims, int64(d))
	}
	if i.hashed {
		c.Sha256 = i.content.hash[:]
	}
	return &pb.Operand{Id: i.id, Names: i.names, Content: c, Bytes: i.content.bytes(), Holds: int64(i.holds), File: i.file}
}

// owner is who an operand is for: a session, or a name.
type owner struct {
	server  *Server
	by      caller
	session *session
	name    string
}

func (s *Server) owner(ctx context.Context, session, name string) (*owner, error) {
	by, err := s.caller(ctx)
	if err != nil {
		return nil, err
	}
	own := &owner{server: s, by: by, name: name}
	switch {
	case name != "" && len(name) > maxName:
		return nil, wire.Invalid("name", "up to 256 bytes", "%d bytes", len(name))
	case name != "":
		return own, nil
	case session == "":
		return nil, wire.Invalid("session", "a session, or a name", "neither")
	}
	own.session, _, err = s.sessions.enter(session, by.tenant)
	return own, err
}

const maxName = 256

func (w *owner) leave() {
	if w.session != nil {
		w.server.sessions.leave(w.session)
	}
}

// take gives the owner an operand that was acquired.
func (w *owner) take(o *operand) (*pb.Operand, error) {
	if w.session != nil {
		if err := w.session.take(o); err != nil {
			return nil, err
		}
	} else if err := w.server.store.name(o, w.name, w.by.tenant); err != nil {
		return nil, err
	}
	w.server.store.mu.Lock()
	defer w.server.store.mu.Unlock()
	return infoOf(o).message(), nil
}
