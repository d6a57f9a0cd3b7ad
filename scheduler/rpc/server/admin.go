package server

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// adminService is for who runs the server.
type adminService struct{ *Server }

// Drain implements the call.
func (s adminService) Drain(
	ctx context.Context, r *connect.Request[pb.DrainRequest],
) (*connect.Response[pb.DrainResponse], error) {
	wait := ctx
	t := r.Msg.GetTimeoutNs()
	if err := wire.CheckTimeout(t); err != nil { // before it drains
		return nil, s.fail(err)
	}
	if t > 0 {
		var stop func()
		wait, stop = context.WithTimeout(ctx, time.Duration(t))
		defer stop()
	}
	if !s.Draining() { // it cannot be taken back: who asked?
		who, _ := s.caller(ctx) // it came this far
		s.cfg.Logger.Info("draining", "why", "AdminService.Drain", "tenant", who.tenant, "from", r.Peer().Addr, "in_flight", s.cfg.Scheduler.Audit().InFlight)
	}
	if err := s.Server.Drain(wait); err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return connect.NewResponse(&pb.DrainResponse{InFlight: s.cfg.Scheduler.Audit().InFlight}), nil
}

// Retune implements the call.
func (s adminService) Retune(
	_ context.Context, r *connect.Request[pb.RetuneRequest],
) (*connect.Response[pb.RetuneResponse], error) {
	prefs := s.cfg.Scheduler.Prefs()
	if err := apply(r.Msg.GetThresholds(), &prefs); err != nil {
		return nil, s.fail(err)
	}
	if err := s.cfg.Scheduler.Retune(prefs); err != nil {
		var wrong *policy.PrefError
		if errors.As(err, &wrong) {
			err = wire.Invalid(wrong.Field, wrong.Allowed, "%s", wrong.Value)
		} else {
			err = wire.Invalid("thresholds", err.Error(), "refused")
		}
		return nil, s.fail(err)
	}
	s.cfg.Logger.Info("retuned", "prefs", prefs)
	return connect.NewResponse(&pb.RetuneResponse{Thresholds: thresholdsOf(prefs)}), nil
}

func thresholdsOf(p policy.Prefs) *pb.Thresholds {
	matmul, softmax := p.MatmulBackend.String(), p.SoftmaxBackend.String()
	number := func(n int) *int64 {
		n64 := int64(n)
		return &n64
	}
	return &pb.Thresholds{
		MatmulBackend: &matmul, SoftmaxBackend: &softmax, SmallnMaxN: number(p.SmallNMaxN),
		SimdMMin: number(p.SIMDMMin), SimdNMin: number(p.SIMDNMin), ForceSmalln: &p.ForceSmallN,
		SoftmaxVecMaxCols: number(p.SoftmaxVecMaxCols), Experimental: &p.Experimental,
	}
}

// apply changes the preferences that a message has.
func apply(t *pb.Thresholds, p *policy.Prefs) (err error) {
	if t.GetMatmulBackend() != "" {
		if p.MatmulBackend, err = policy.ParseMatmulBackend(t.GetMatmulBackend()); err != nil {
			return wire.Invalid("matmul_backend", err.Error(), "%q", t.GetMatmulBackend())
		}
	}
	if t.GetSoftmaxBackend() != "" {
		if p.SoftmaxBackend, err = policy.ParseSoftmaxBackend(t.GetSoftmaxBackend()); err != nil {
			return wire.Invalid("softmax_backend", err.Error(), "%q", t.GetSoftmaxBackend())
		}
	}
	if t == nil {
		return nil
	}
	for _, f := range []struct {
		from *int64
		to   *int
	}{
		{t.SmallnMaxN, &p.SmallNMaxN},
		{t.SimdMMin, &p.SIMDMMin},
		{t.SimdNMin, &p.SIMDNMin},
		{t.SoftmaxVecMaxCols, &p.SoftmaxVecMaxCols},
	} {
		if f.from != nil {
			*f.to = int(*f.from)
		}
	}
	if t.ForceSmalln != nil {
		p.ForceSmallN = *t.ForceSmalln
	}
	if t.Experimental != nil {
		p.Experimental = *t.Experimental
	}
	return nil
}
