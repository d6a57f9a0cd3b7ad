package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Config says how an engine runs. Every field must be set unless it says so.
type Config struct {
	Device device.Device
	Ledger *job.Ledger
	Cache  *device.Cache
	Costs  *policy.CostModel // belongs to the engine from now on
	Tuning policy.PickTuning
	// Weights are the tenants' shares of device time, relative to each other;
	// 1 for those that are not there.
	Weights map[string]float64
	// Shards is the number of dispatchers for each operation.
	Shards int
	// MaxColumns bounds the columns (or rows, or matrices) of one batch.
	MaxColumns int
	// MaxJobs bounds the jobs of one batch; 1 turns batching off.
	MaxJobs int
	// MaxProblems bounds the products with different operands in one batch.
	MaxProblems int
	// MaxTime bounds what one batch is predicted to take; a wider job is cut.
	MaxTime time.Duration
	// GroupTime is the predicted time up to which unlike operands share a
	// command buffer.
	GroupTime time.Duration
	// Handover is how long it takes to form and commit a batch: work for this
	// long is kept queued on devices that can queue.
	Handover time.Duration
	// QueueDepth is how many batches the device is given at a time. 0, or more
	// than the device's: the device's.
	QueueDepth int
	// Linger is how long an idle device waits for companions, at most; see
	// policy.Linger. 0: not at all.
	Linger time.Duration
	// InPlaceBytes is the size from which results are written straight to the
	// caller's memory; negative means never.
	InPlaceBytes int
	// Timed asks for every time of a batch's record; otherwise those that are
	// not needed are left out, and encoding counts as part of the wait.
	Timed bool
	// Profile asks the device for times of single dispatches.
	Profile bool
	// Quarantine is told how jobs ended that failed alone, and those like them.
	// It may be nil.
	Quarantine *policy.Quarantine
	// Sample chooses the jobs that are run again alone, to compare their bits.
	Sample policy.Sampler
	// Lend lets goroutines that submit run the actors for a moment when nobody
	// else does, which saves a wake-up. An Observer then runs on them: it must
	// not need what they may hold.
	Lend bool
	// Watchdog says when a batch is taken for hung; its queue is then given up
	// and another one opened.
	Watchdog policy.Watchdog
	// Reopen opens the device again when a new queue is no help. Nil: there is
	// no way. It is called from one goroutine at a time, none of the actors'.
	Reopen func() (*Home, error)
	// Refuge takes over jobs that wait when the device is given up, and those that
	// come later, on which nothing was done; it must end each or hand it to another
	// engine. It is called like the Observer. Nil: they end with
	// job.ErrUnavailable.
	Refuge func(ts []*Task, cause error)
	// Notify is told what an operator should know; nil for nobody. It is called
	// like the Observer.
	Notify func(what string, err error)
	// Fault is for tests: it is called before every message, with the actor's
	// role, and may panic.
	Fault func(role string)
	// Landing is for tests: how results reach their callers. The zero Landing
	// leaves it to the device, the processors and policy.Landing.
	Landing Landing
	// Tracer is told everything that a replay needs, under the conditions of
	// Observer. Nil: nothing is traced.
	Tracer metrics.Tracer
	// Observer is told of every batch. It is called on the device actor's
	// goroutine, or while that waits, and must not block or keep the outcome.
	Observer Observer
}

// Observer is told how batches went.
type Observer interface{ BatchEnded(*Outcome) }

// Engine is a running set of actors over one device.
//
// Submit may be called from any goroutine. Close must be called once, when no
// Submit runs or follows.
type Engine struct {
	Config
	device device.Device
	info   device.Info
	cache  *device.Cache
	desk   *desk
	// tenants belong to the loop's owner.
	tenants *tenants

	system      *actor.ActorSystem
	loop        *loop
	dispatchers [kernels.Ops][]*dispatcher // by operation
	kernels     [kernels.FamilyCount]*actor.PID
	devicer     *actor.PID

	// apart: the device computes apart from the processors, however many batches
	// it was to be given at a time.
	apart     bool
	pinned    atomic.Int64  // bytes of rings
	landers   chan *landing // nil for none
	landed    chan struct{} // closed when they are not needed any more
	opened    time.Time
	trace     *trace // nil unless traced
	compiling sync.WaitGroup
	reviving  sync.WaitGroup
	stopping  chan struct{} // closed when the engine shuts
	hangs     atomic.Int64
	restarts  atomic.Int64
	health    atomic.Int32 // a Health
	troubled  atomic.Bool  // Report was told of something, and nothing ended well since

	_ line
	// Of the loop's owner.
	spare     []*Batch        // to be used again
	recycled  int             // batches
	count     uint64          // of the jobs that Sample was asked about
	epoch     int             // counts the queues and devices that were given up
	dropped   []*wreckage     // of this device
	retired   []*wreckage     // of those before
	compilers *sync.WaitGroup // for this device
	rings     []*StagingRing  // that were opened
	// plan makes plans for a device that is of another kind than the first, nil
	// for that one.
	plan func(kernels.Problem) (*kernels.Plan, error)
}

// line keeps what one processor writes apart from what others read: a cache
// line, and the next one, which is fetched along.
type line [128]byte

// Open starts the actors.
func Open(cfg Config) (*Engine, error) {
	queue, err := cfg.Device.NewQueue()
	if err != nil {
		return nil, fmt.Errorf("open command queue: %w", err)
	}
	e := &Engine{Config: cfg, opened: time.Now(), device: cfg.Device, info: cfg.describe(cfg.Device), cache: cfg.Cache, tenants: newTenants(cfg.Weights), stopping: make(chan struct{}), compilers: new(sync.WaitGroup)}
	e.apart = e.device.Info().QueueDepth > 1
	e.desk, e.trace = newDesk(e, queue), newTrace(e, cfg.Tracer)
	e.openLanders()
	e.start()
	return e, nil
}

// describe returns what a device says of itself, with the depth that was asked
// for.
func (c *Config) describe(d device.Device) device.Info {
	info := d.Info()
	info.QueueDepth = Depth(c.QueueDepth, info.QueueDepth)
	return info
}

// Depth returns how many batches a device is given at a time, if some number
// was asked for: 0 for none.
func Depth(asked, most int) int {
	if asked <= 0 {
		return most
	}
	return min(asked, most)
}

// Now returns the time that a task's Arrived is taken by.
func (e *Engine) Now() time.Time { return e.now() }

// Submit takes over an admitted task from the goroutine that submits it.
func (e *Engine) Submit(t *Task) {
	t.joinRing()
	e.dispatcherFor(t.Plan).put(t, t)
}

// SubmitAll takes over many admitted tasks at once, or those of another engine.
// Their vectors are left where they are: one goroutine would copy them all, and of
// jobs that were accepted before the memory may be gone.
func (e *Engine) SubmitAll(ts []*Task) {
	for i := 0; i < len(ts); {
		d := e.dispatcherFor(ts[i].Plan)
		oldest, newest := ts[i], ts[i]
		for i++; i < len(ts) && e.dispatcherFor(ts[i].Plan) == d; i++ {
			ts[i].next = newest
			newest = ts[i]
		}
		d.put(newest, oldest)
	}
}

// dispatcherFor returns the shard where all jobs that could share a batch with
// one of this plan meet.
func (e *Engine) dispatcherFor(p *kernels.Plan) *dispatcher {
	ds := e.dispatchers[p.Problem.Op]
	if len(ds) == 1 {
		return ds[0]
	}
	return ds[laneOf(p).hash()%uint64(len(ds))]
}

func (k laneKey) hash() uint64 {
	h := uint64(k.family)<<32 | uint64(k.a)<<24 | uint64(k.b)<<16 | uint64(k.c)<<8
	h ^= uint64(k.m)*0x9e3779b97f4a7c15 ^ uint64(k.k)*0xbf58476d1ce4e5b9 ^ uint64(k.width)*0x94d049bb133111eb
	h ^= h >> 31
	return h * 0xd6e8feb86659fd93 >> 33
}

// writesInPlace reports whether a job's result goes straight to the caller's
// memory: it is large, does not depend on what was there, and the device can
// write it.
func (e *Engine) writesInPlace(t *Task) bool {
	c := &t.Form.C
	return e.InPlaceBytes >= 0 && e.info.HostMemory && !t.Form.ReadsC() &&
		c.Len()*c.DType().Size() >= max(e.InPlaceBytes, 1)
}

// Waiting returns the tasks that wait in buckets.
func (e *Engine) Waiting() (n int64) {
	for _, ds := range &e.dispatchers {
		for _, d := range ds {
			n += d.shard.queued.Load()
		}
	}
	return n
}

// Close finishes what was submitted. When ctx ends first the rest is ended
// with job.ErrClosed, except what the device is writing in place, which is
// waited for: until the watchdog gives the device up, if it hangs. Then the
// actors stop. The device stays open.
func (e *Engine) Close(ctx context.Context) error {
	err := e.drain(ctx)
	m := &shut{stopped: make(chan struct{}), quiet: make(chan struct{})}
	quiet := m.quiet
	e.sendDevice(m)
	<-m.stopped
	closed := make(chan error, 1)
	if m.queue != nil { // completes what the device has, or hangs with it
		go func() { closed <- m.queue.Close() }()
	}
	_ = e.drain(context.Background()) // what was held, and what came late
	<-quiet
	if e.desk.queue != nil {
		err = errors.Join(err, <-closed)
	}
	e.reviving.Wait()
	e.compiling.Wait() // and until a device that was replaced is to be retired when it is clear
	for _, w := range e.retired {
		w.settled()
	}
	e.stop()
	e.closeLanders()
	for _, w := range e.closeRings() {
		<-w.gone // a job may have ended while its submitter writes its vector
	}
	e.desk.free()
	for _, w := range e.dropped {
		w.settled()
	}
	return err
}

// Clear calls f when the device has let go of everything that it was given, at
// once if it has, as ever but after a hang. It may be called after Close.
func (e *Engine) Clear(f func()) { whenGone(e.dropped, f) }

// Hangs returns how often the device did not answer, Restarts how often it was
// started again.
func (e *Engine) Hangs() int64    { return e.hangs.Load() }
func (e *Engine) Restarts() int64 { return e.restarts.Load() }

// drain waits until nothing is in flight.
func (e *Engine) drain(ctx context.Context) error {
	for {
		room := e.Ledger.Room()
		if e.Ledger.InFlight() == 0 {
			return nil
		}
		select {
		case <-room:
		case <-ctx.Done():
			return fmt.Errorf("%w: %d jobs had not ended: %w", job.ErrClosed, e.Ledger.InFlight(), context.Cause(ctx))
		}
	}
}
