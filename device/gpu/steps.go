package gpu

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/device"
)

// CopyKernel is what a failed copy is called in errors.
const CopyKernel = "copy"

// Steps are the work of a batch by who does it, and when.
type Steps struct {
	Before []device.Copy  // from the caller's memory, before the GPU starts
	Stages []device.Stage // by the GPU: all in its buffers
	After  []device.Copy  // to the caller's memory, when the GPU has ended
}

// Clear forgets the batch but keeps the memory, for the next.
func (s *Steps) Clear() {
	clear(s.Before)
	clear(s.Stages)
	clear(s.After)
	s.Before, s.Stages, s.After = s.Before[:0], s.Stages[:0], s.After[:0]
}

// Split gives each copy of a batch to its step. In a stage that is both the
// first and the last, copies to the caller's memory come after.
func (s *Steps) Split(b *device.Batch) error {
	last := len(b.Stages) - 1
	for i := range b.Stages {
		from := &b.Stages[i]
		to := device.Stage{Dispatches: from.Dispatches}
		for _, c := range from.Copies {
			if err := c.Check(); err != nil {
				return &device.KernelError{Kernel: CopyKernel, Cause: err}
			}
			toBuffer, fromBuffer := c.Dst.Buffer != nil, c.Src.Buffer != nil
			switch {
			case toBuffer && fromBuffer:
				to.Copies = append(to.Copies, c)
			case i == 0 && (toBuffer || last > 0):
				s.Before = append(s.Before, c)
			case i == last:
				s.After = append(s.After, c)
			default:
				return &device.KernelError{Kernel: CopyKernel, Cause: errMiddle}
			}
		}
		if len(to.Copies) > 0 || len(to.Dispatches) > 0 {
			s.Stages = append(s.Stages, to)
		}
	}
	return nil
}

var errMiddle = errors.New("a copy from or to the caller's memory in a stage that is neither the first nor the last")
