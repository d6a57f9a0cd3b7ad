package actors

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// landing is a batch whose results are brought to their callers by several
// goroutines: whoever comes takes the next few jobs. The device's own is one of
// them, so that nobody has to come; the one that ends the last job passes the
// batch on, and who comes too late never looks at it.
type landing struct {
	batch     *Batch
	each      int // jobs in a piece
	pieces    int32
	taken     atomic.Int32
	left      atomic.Int32 // pieces that have not ended
	onlookers atomic.Int32 // who may still look at this
}

// Landing is how many help the device's goroutine, and how many jobs a piece is.
type Landing struct{ Helpers, Each int }

// mostLanders help the device's goroutine.
const mostLanders = 3

var landings = sync.Pool{New: func() any { return new(landing) }}

// openLanders starts the helpers, who are for devices that compute apart from
// the processors.
func (e *Engine) openLanders() {
	n := e.Landing.Helpers
	switch {
	case n > 0:
	case !e.apart:
		return
	default:
		n = min(mostLanders, runtime.GOMAXPROCS(0)-1)
	}
	e.landers, e.landed = make(chan *landing, max(n, 0)), make(chan struct{})
	for range n {
		go e.lander()
	}
}

func (e *Engine) lander() {
	for {
		select {
		case l := <-e.landers:
			l.help()
		case <-e.landed:
			return
		}
	}
}

// closeLanders ends the helpers. Somebody may be calling one still, for a batch
// that others have landed meanwhile.
func (e *Engine) closeLanders() {
	if e.landed != nil {
		close(e.landed)
	}
}

// land writes staged results to the callers' memory, each in one copy, and ends
// the jobs. It may return before helpers are through with theirs; the batch is
// passed on to the device actor after the last.
func (b *Batch) land() {
	if each := b.landsBy(); each > 0 {
		l := landings.Get().(*landing)
		l.batch, l.each, l.pieces = b, each, int32((len(b.parts)+each-1)/each)
		l.taken.Store(0)
		l.left.Store(l.pieces)
		l.invite()
		l.help()
		return
	}
	b.commit()
	b.inFlight = b.engine.Ledger.InFlight()
	b.callers = b.engine.loop.flush(&b.settlement)
	b.pass()
}

// landsBy returns how many jobs are a piece, 0 if nobody should help.
func (b *Batch) landsBy() int {
	if cap(b.engine.landers) == 0 || b.check != nil {
		return 0
	}
	t := b.parts[0].task // a unit of the others is like its own
	c := &t.Form.C
	each := b.engine.Landing.Each
	if each == 0 {
		each = policy.Landing(len(b.parts), c.Len()/max(t.Units, 1)*c.DType().Size()*b.columns)
	}
	if each < len(b.parts) {
		return each
	}
	return 0
}

// invite calls helpers, as many as are free and have something to do.
func (l *landing) invite() {
	n := min(int32(cap(l.batch.engine.landers)), l.pieces-1)
	l.onlookers.Store(n + 1)
	for ; n > 0; n-- {
		select {
		case l.batch.engine.landers <- l:
		default:
			l.onlookers.Add(-n)
			return
		}
	}
}

// help ends jobs while there are any.
func (l *landing) help() {
	s := allNews.Get().(*job.Settlement)
	for i := l.taken.Add(1); i <= l.pieces; i = l.taken.Add(1) {
		b := l.batch
		b.commitParts(b.parts[int(i-1)*l.each:min(int(i)*l.each, len(b.parts))], s)
		s.Flush()
		if l.left.Add(-1) == 0 {
			b.pass()
		}
	}
	allNews.Put(s)
	if l.onlookers.Add(-1) == 0 {
		l.batch = nil
		landings.Put(l)
	}
}
