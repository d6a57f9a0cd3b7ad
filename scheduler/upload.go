package scheduler

import (
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

const (
	// pieceBytes is what an upload gives the device at a time.
	pieceBytes = 32 << 20
	// slowest is the least bytes a second that an upload must make.
	slowest = 10 << 20
)

// upload copies to memory that the host cannot address, piece by piece, by way of
// a queue of its own. What is not ours is first copied to memory that is, here: a
// caller's memory may be slow, such as a mapped file's, and the device must not be
// taken for hung because of that. If it fails the buffer is freed, as soon as the
// device lets go of it.
func (h *home) upload(b device.Buffer, v tensor.View, ours bool, patience time.Duration) error {
	q, err := h.device.NewQueue()
	if err != nil {
		b.Free()
		return err
	}
	var own scratch
	for at, part := range pieces(v, pieceBytes/v.DType().Size()) {
		if !ours {
			if part, err = own.copy(part); err != nil {
				break
			}
		}
		ended := send(q, device.Copy{Dst: device.In(b, part.DType(), part.Dims(), at), Src: device.Host(part)})
		var hung bool
		if err, hung = await(ended, part.Len()*part.DType().Size(), patience); hung {
			h.users.stay() // until the device lets go, which may be never
			go func() {
				defer h.users.leave()
				<-ended
				_ = q.Close()
				b.Free()
			}()
			return fmt.Errorf("%w: an upload of %d bytes does not end", job.ErrHung, b.Len())
		}
		if err != nil {
			break
		}
	}
	if errors.Is(err, device.ErrLost) { // by what it was given, for all we know
		err = fmt.Errorf("%w: %w", job.ErrHung, err)
	}
	if err = errors.Join(err, q.Close()); err != nil {
		b.Free()
	}
	return err
}

// send commits a batch of one copy and returns where its end is told.
func send(q device.Queue, c device.Copy) <-chan error {
	ended := make(chan error, 1)
	commit(q, &device.Batch{
		Stages: []device.Stage{{Copies: []device.Copy{c}}},
		Done:   func(_ *device.Batch, _ device.Timing, err error) { ended <- err },
	})
	return ended
}

// await waits for the end of a copy of so many bytes, unless the device hangs.
func await(ended <-chan error, bytes int, patience time.Duration) (err error, hung bool) {
	if patience <= 0 {
		return <-ended, false
	}
	dog := policy.Watchdog{Floor: patience}
	limit := patience + time.Duration(bytes)*time.Second/slowest
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
		if hung, wait = dog.Hung(time.Since(began), time.Since(due), limit); hung {
			return nil, true
		}
	}
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
