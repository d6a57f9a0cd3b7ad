package scheduler

import (
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// upload copies to memory that the host cannot address, by way of a queue of
// its own. If it fails the buffer is freed, as soon as the device lets go of
// it.
func (h *home) upload(b device.Buffer, v tensor.View, patience time.Duration) error {
	q, err := h.device.NewQueue()
	if err != nil {
		b.Free()
		return err
	}
	ended := make(chan error, 1)
	commit(q, &device.Batch{
		Stages: []device.Stage{{Copies: []device.Copy{{
			Dst: device.In(b, v.DType(), v.Dims(), 0), Src: device.Host(v),
		}}}},
		Done: func(_ *device.Batch, _ device.Timing, err error) { ended <- err },
	})
	hung, stop := hangs(b.Len(), patience)
	defer stop()
	select {
	case err = <-ended:
		if errors.Is(err, device.ErrLost) { // by what it was given, for all we know
			err = fmt.Errorf("%w: %w", job.ErrHung, err)
		}
	case <-hung:
		h.users.stay() // until the device lets go, which may be never
		go func() {
			defer h.users.leave()
			<-ended
			_ = q.Close()
			b.Free()
		}()
		return fmt.Errorf("%w: an upload of %d bytes does not end", job.ErrHung, b.Len())
	}
	if err = errors.Join(err, q.Close()); err != nil {
		b.Free()
	}
	return err
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

// slowest is the least bytes a second that an upload must make.
const slowest = 10 << 20

// hangs returns a channel that tells when an upload has taken too long.
func hangs(bytes int, patience time.Duration) (hung <-chan time.Time, stop func() bool) {
	if patience <= 0 {
		return nil, func() bool { return false }
	}
	t := time.NewTimer(patience + time.Duration(bytes/slowest)*time.Second)
	return t.C, t.Stop
}
