package daemon

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// visit is a request that a guard has let in and that has not ended.
type visit struct {
	request *http.Request
	id      identity
	ctx     context.Context
	cancel  context.CancelCauseFunc
	out     *http.ResponseController

	mu   sync.Mutex
	over bool
}

// visits are all of a guard's.
type visits struct {
	checks atomic.Uint64 // counts Rechecks

	mu  sync.Mutex
	all map[*visit]struct{}
}

// cutTime is for a stream whose sender is no longer welcome to end with an
// error. Then it is cut off.
const cutTime = 2 * time.Second

// enter lets a request in. If credentials change meanwhile it looks again.
func (g *Guard) enter(w http.ResponseWriter, r *http.Request) (*visit, error) {
	for {
		checks := g.inside.checks.Load()
		id, err := g.identify(r)
		if err != nil {
			return nil, err
		}
		v := &visit{request: r, id: id, out: http.NewResponseController(w)}
		v.ctx, v.cancel = context.WithCancelCause(context.WithValue(r.Context(), identityKey{}, id))
		g.inside.add(v)
		if g.inside.checks.Load() == checks {
			return v, nil
		}
		g.inside.leave(v)
	}
}

// Recheck ends the requests, such as streams, of those who would not be let in
// any more, or not as who they were, and returns how many. They are over within
// 2 s.
func (g *Guard) Recheck() (ended int) {
	g.inside.checks.Add(1)
	for _, v := range g.inside.list() {
		if v.ctx.Err() != nil { // it is ending, by us perhaps
			continue
		}
		id, err := g.identify(v.request)
		if err == nil && id == v.id {
			continue
		}
		if err == nil {
			err = fmt.Errorf("%w: the credentials are another identity's now", job.ErrForbidden)
		}
		v.cancel(err)
		time.AfterFunc(cutTime, v.cut)
		ended++
	}
	return ended
}

func (v *visits) add(x *visit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		v.all = map[*visit]struct{}{}
	}
	v.all[x] = struct{}{}
}

func (v *visits) leave(x *visit) {
	v.mu.Lock()
	delete(v.all, x)
	v.mu.Unlock()
	x.mu.Lock()
	x.over = true
	x.mu.Unlock()
	x.cancel(nil)
}

func (v *visits) list() (all []*visit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for x := range v.all {
		all = append(all, x)
	}
	return all
}

// cut ends what waits for a peer, who may neither send nor take anything.
func (v *visit) cut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.over {
		now := time.Now()
		_ = v.out.SetReadDeadline(now) // a connection that is gone needs none
		_ = v.out.SetWriteDeadline(now)
	}
}
