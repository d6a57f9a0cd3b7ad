package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

const (
	// pieceBytes is what an upload gives the device at a time: devices keep memory of
	// that size for transfers.
	pieceBytes = 1 << 20
	// together is how many pieces are on their way at a time: while the device brings
	// some to its memory, others are copied.
	together = 4
	// slowest is the least bytes a second that an upload must make.
	slowest = 10 << 20
)

// upload copies to memory that the host cannot address, piece by piece, by way of
// a queue of its own.
type upload struct {
	to       device.Buffer
	ours     bool
	patience time.Duration
	queue    device.Queue
	given    chan struct{} // holds a token for each piece that the device has
	failed   chan struct{} // closed when err is set

	committing sync.Mutex // of the queue, which may be called by one at a time

	mu   sync.Mutex
	left []piece
	err  error
	last time.Time      // when the device last ended one
	late []<-chan error // of pieces that do not end
}

// upload fills a buffer. What is not ours is first copied to memory that is, here: a
// caller's memory may be slow, such as a mapped file's, and the device must not be
// taken for hung because of that. If it fails the buffer is freed, as soon as the
// device lets go of it.
func (h *home) upload(b device.Buffer, v tensor.View, ours bool, patience time.Duration) error {
	q, err := h.device.NewQueue()
	if err != nil {
		b.Free()
		return err
	}
	u := &upload{
		to: b, ours: ours, patience: patience, queue: q,
		given: make(chan struct{}, max(h.device.Info().QueueDepth, 1)), failed: make(chan struct{}),
		left: slices.Collect(pieces(v, pieceBytes/v.DType().Size())), last: time.Now(),
	}
	var all sync.WaitGroup
	for range min(together, len(u.left)) - 1 {
		all.Go(u.work)
	}
	u.work()
	all.Wait()
	if len(u.late) > 0 {
		h.users.stay() // until the device lets go, which may be never
		go func() {
			defer h.users.leave()
			for _, ended := range u.late {
				<-ended
			}
			_ = q.Close()
			b.Free()
		}()
		return fmt.Errorf("%w: an upload of %d bytes does not end", job.ErrHung, b.Len())
	}
	if err = u.err; errors.Is(err, device.ErrLost) { // by what it was given, for all we know
		err = fmt.Errorf("%w: %w", job.ErrHung, err)
	}
	if err = errors.Join(err, q.Close()); err != nil {
		b.Free()
	}
	return err
}

// work brings one piece after another, until there are no more or one has failed.
func (u *upload) work() {
	var own scratch
	for p, ok := u.take(); ok; p, ok = u.take() {
		var err error
		if !u.ours {
			p.view, err = own.copy(p.view)
		}
		if err != nil {
			u.end(err)
			return
		}
		u.bring(p)
	}
}

// take returns the next piece.
func (u *upload) take() (p piece, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.err != nil || len(u.left) == 0 {
		return piece{}, false
	}
	p, u.left = u.left[0], u.left[1:]
	return p, true
}

// end notes how a piece ended.
func (u *upload) end(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case err == nil:
		u.last = time.Now()
	case u.err == nil:
		u.err = err
		close(u.failed)
	}
}

// bring has the device copy a piece, unless another has failed.
func (u *upload) bring(p piece) {
	select {
	case u.given <- struct{}{}:
	case <-u.failed:
	}
	if u.hasFailed() { // also while it was copied, or the device had no room
		return
	}
	ended := u.send(device.Copy{Dst: device.In(u.to, p.view.DType(), p.view.Dims(), p.at), Src: device.Host(p.view)})
	err, hung := u.await(ended, p.view.Len()*p.view.DType().Size())
	if hung {
		u.keep(ended)
		u.end(job.ErrHung)
		return
	}
	u.end(err) // before there is room for another
	<-u.given
}

// keep remembers a piece that does not end. The device still has it.
func (u *upload) keep(ended <-chan error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.late = append(u.late, ended)
}

func (u *upload) hasFailed() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err != nil
}

// send commits a batch of one copy and returns where its end is told.
func (u *upload) send(c device.Copy) <-chan error {
	ended := make(chan error, 1)
	u.committing.Lock()
	defer u.committing.Unlock()
	commit(u.queue, &device.Batch{
		Stages: []device.Stage{{Copies: []device.Copy{c}}},
		Done:   func(_ *device.Batch, _ device.Timing, err error) { ended <- err },
	})
	return ended
}

// await waits for the end of a piece, unless the device hangs.
func (u *upload) await(ended <-chan error, bytes int) (err error, hung bool) {
	if u.patience <= 0 {
		return <-ended, false
	}
	dog := policy.Watchdog{Floor: u.patience}
	limit := u.patience + time.Duration(bytes)*time.Second/slowest
	began := time.Now()
	for wait := limit; ; {
		due := time.Now().Add(wait)
		look := time.NewTimer(wait)
		select {
		case err := <-ended:
			look.Stop()
			return err, false
		case <-look.C:
		}
		if hung, wait = dog.Hung(u.still(began), time.Since(due), limit); hung {
			select {
			case err := <-ended: // at the same time
				return err, false
			default:
				return nil, true
			}
		}
	}
}

// still returns for how long the device has ended nothing: those before a piece
// have their time as well.
func (u *upload) still(began time.Time) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last.After(began) {
		began = u.last
	}
	return time.Since(began)
}

// commit ends the batch if the device panics.
func commit(q device.Queue, b *device.Batch) {
	defer func() {
		if cause := recover(); cause != nil {
			b.Done(b, device.Timing{}, fmt.Errorf("panic in the device queue: %v", cause))
		}
	}()
	q.Commit(b)
}
