package scheduler_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

var (
	chaosSeeds = flag.Int("chaos.seeds", 0, "how many seeds TestChaos runs; 0: as many as there is time for")
	chaosSeed  = flag.Uint64("chaos.seed", 0, "the first seed; 0: a random one, which is printed")
	chaosTime  = flag.Duration("chaos.time", 10*time.Second, "how long TestChaos runs when the seeds are not counted")
)

// TestChaos runs a scheduler for a moment of virtual time, again and again,
// while everything goes wrong at random that can: slow batches, errors, hangs,
// no memory, a lost device, panics in every actor and in the compiler,
// cancellations, deadlines, operands that come and go, and Close at any
// moment. After each seed every job has ended once and in a way that its error
// tells, C holds the result or what it held before, no goroutine is left and
// the devices have all their memory back.
//
// A seed settles what goes wrong, and how often; which batch it meets depends
// on how goroutines happen to run.
func TestChaos(t *testing.T) {
	first, limit := *chaosSeed, *chaosTime
	if first == 0 {
		first = rand.Uint64N(1 << 32)
	}
	if testing.Short() {
		limit /= 4
	}
	var sum tally
	start, n := time.Now(), 0
	for ; n < *chaosSeeds || *chaosSeeds == 0 && time.Since(start) < limit; n++ {
		seed := first + uint64(n)
		if !t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) { newChaos(t, seed, &sum).run() })
		}) {
			break // the rest would only bury it
		}
	}
	t.Logf("%d seeds from %d on: %v", n, first, &sum)
}

// tally adds up what happened over all seeds.
type tally struct {
	audit                                     job.Audit
	hung, held, unavailable, closed           atomic.Int64
	batches, hangs, restarts, reopens, panics atomic.Int64
}

func (s *tally) String() string {
	a := &s.audit
	return fmt.Sprintf("%d jobs submitted: %d done, %d failed (%d of them hung, %d with memory held, %d without a device), "+
		"%d cancelled, %d expired, %d rejected (%d of all these by Close); %d batches, %d hangs, %d restarts, %d devices opened again, %d panics in actors",
		a.Submitted, a.Done, a.Failed, s.hung.Load(), s.held.Load(), s.unavailable.Load(),
		a.Cancelled, a.Expired, a.Rejected, s.closed.Load(),
		s.batches.Load(), s.hangs.Load(), s.restarts.Load(), s.reopens.Load(), s.panics.Load())
}

func (s *tally) add(a job.Audit, lines map[string]string) {
	s.audit.Submitted += a.Submitted
	s.audit.Done += a.Done
	s.audit.Failed += a.Failed
	s.audit.Cancelled += a.Cancelled
	s.audit.Expired += a.Expired
	s.audit.Rejected += a.Rejected
	for name, sum := range map[string]*atomic.Int64{"hangs": &s.hangs, "restarts": &s.restarts} {
		var n int64
		_, _ = fmt.Sscan(lines["metallic_sched_device_"+name+"_total"], &n)
		sum.Add(n)
	}
}

// chaos is the run of one seed.
type chaos struct {
	*weather
	t       *testing.T
	sum     *tally
	s       *scheduler.Scheduler
	weights []*weight
	inPlace int
	ends    [job.Outcomes + 1]atomic.Int64
	stopped chan struct{} // closed when the callers are through

	devices sync.Mutex
	sims    []*sim.Device
}

func newChaos(t *testing.T, seed uint64, sum *tally) *chaos {
	c := &chaos{weather: newWeather(seed), t: t, sum: sum, stopped: make(chan struct{})}
	c.inPlace = []int{-1, 24}[c.IntN(2)] // every job that does not read C
	cfg := scheduler.Config{
		Device: c.open(), MaxColumns: 4 + c.IntN(60), InPlaceBytes: c.inPlace, Shards: 1 + c.IntN(2),
		Limits:    job.Limits{Jobs: int64(5 + c.IntN(100)), TenantJobs: int64(c.IntN(2) * 30)},
		HangAfter: time.Duration(1+c.IntN(10)) * time.Second,
		Fallback:  c.IntN(4) == 0, BLAS: "none",
	}
	if c.IntN(4) > 0 {
		cfg.Reopen = c.reopen
	}
	if c.IntN(3) == 0 {
		cfg.Linger = time.Millisecond
	}
	if c.IntN(3) == 0 {
		cfg.SampleInvariance = 0.5
	}
	if c.IntN(2) == 0 {
		cfg = scheduler.WithLanding(cfg, actors.Landing{Helpers: 1 + c.IntN(3), Each: 1 + c.IntN(3)})
	}
	var err error
	c.s, err = scheduler.Open(background, scheduler.WithFault(cfg, c.fault))
	require.NoError(t, err)
	c.weights = loadIntegers(t, c.s)
	c.breaks.Store(true)
	return c
}

// open opens a device; all of one seed are alike.
func (c *chaos) open() *sim.Device {
	inner, err := cpu.Open(cpu.Config{Threads: 1, BLAS: "none"})
	require.NoError(c.t, err)
	d := sim.Open(sim.Config{
		Inner: inner, Time: c.time, Fault: c.batch, CompileError: c.compile,
		Before: c.before, QueueDepth: c.depth, Discrete: c.discrete != c.chance(c.otherKind), CompileTime: c.compiling, AllocLimit: c.memory,
	})
	c.devices.Lock()
	defer c.devices.Unlock()
	c.sims = append(c.sims, d)
	return d
}

func (c *chaos) reopen() (device.Device, error) {
	if c.chance(0.3) {
		return nil, errInjected
	}
	c.sum.reopens.Add(1)
	return c.open(), nil
}

// fault panics in an actor.
func (c *chaos) fault(string) {
	if c.chance(c.panics) {
		c.sum.panics.Add(1)
		panic(errInjected)
	}
}

func (c *chaos) run() {
	var callers, others sync.WaitGroup
	for range 2 + c.IntN(6) {
		seed, jobs := c.Uint64(), 5+c.IntN(30)
		callers.Go(func() { c.call(seed, jobs) })
	}
	callers.Go(c.churn)
	others.Go(c.releases)
	if c.IntN(3) == 0 {
		after, patience := c.duration(40*time.Second), c.duration(20*time.Second)
		others.Go(func() { c.close(after, patience) })
	}
	callers.Wait()
	close(c.stopped)
	others.Wait()
	c.close(0, time.Hour)
	c.check()
}

// releases lets hanging batches run on now and then.
func (c *chaos) releases() {
	r := rand.New(rand.NewPCG(c.seed, 98))
	for {
		select {
		case <-c.stopped:
			return
		case <-time.After(time.Duration(r.IntN(30_000)) * time.Millisecond):
			c.release()
		}
	}
}

func (c *chaos) release() {
	c.devices.Lock()
	defer c.devices.Unlock()
	for _, d := range c.sims {
		d.Release()
	}
}

// close closes the scheduler after a while, perhaps once more.
func (c *chaos) close(after, patience time.Duration) {
	select {
	case <-time.After(after):
	case <-c.stopped:
	}
	ctx, cancel := context.WithTimeout(background, patience)
	defer cancel()
	if err := c.s.Close(ctx); err != nil && !errors.Is(err, job.ErrClosed) && !errors.Is(err, job.ErrHung) {
		c.t.Errorf("Close: %v", err)
	}
}

// check checks what must hold in the end.
func (c *chaos) check() {
	for range 3 { // a batch that runs on may be followed by one that hangs
		c.release()
		synctest.Wait()
		time.Sleep(time.Minute)
	}
	for i, d := range c.sims {
		require.Zero(c.t, d.BytesInUse(), "memory of device %d", i)
		c.sum.batches.Add(d.Batches())
		if i == 0 { // the others were the scheduler's
			require.NoError(c.t, d.Close())
		} else {
			require.ErrorIs(c.t, d.Close(), device.ErrClosed, "device %d was not closed", i)
		}
	}
	a := c.s.Audit()
	require.True(c.t, a.Balances() && a.InFlight == 0 && a.Bytes == 0, "%+v", a)
	require.Equal(c.t, c.ends[job.Done].Load(), a.Done)
	require.Equal(c.t, c.ends[job.Failed].Load(), a.Failed)
	// An error alone does not always tell a job that was refused from one that ended.
	require.Equal(c.t, c.ends[job.Cancelled].Load()+c.ends[job.Expired].Load()+c.ends[rejected].Load(),
		a.Cancelled+a.Expired+a.Rejected)
	c.sum.add(a, prometheus(c.s))
}
