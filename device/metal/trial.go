//go:build darwin || linux

package metal

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// trialPatience is how long the first command may take.
const trialPatience = 30 * time.Second

// trial runs one kernel and looks at the result: there are virtual GPUs that
// take every command, report its success and compute nothing.
func (d *Device) trial() error {
	const n = 64
	var views [2]tensor.View // from, to
	var regions [2]device.Region
	for i := range regions {
		b, err := d.Alloc(device.SpaceShared, mappedSize) // which goes back when it is freed
		if err != nil {
			return err
		}
		defer b.Free()
		regions[i] = device.In(b, tensor.F32, tensor.Dims{1, 1, n}, 0)
		views[i] = regions[i].View
	}
	for j := range n {
		views[0].SetValue(0, 0, j, float32(j+1))
		views[1].SetValue(0, 0, j, 0)
	}
	if err := d.runAlone(device.Copy{Dst: regions[1], Src: regions[0]}); err != nil {
		return fmt.Errorf("a first command: %w", err)
	}
	if !slices.Equal(rowOf(&views[0]), rowOf(&views[1])) {
		return errNothingComputed
	}
	return nil
}

var errNothingComputed = errors.New("the GPU reports success and computes nothing, as some virtual machines' do")

// runAlone runs a copy on a queue of its own and waits for its end.
func (d *Device) runAlone(c device.Copy) error {
	q, err := d.NewQueue()
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	q.Commit(&device.Batch{
		Stages: []device.Stage{{Copies: []device.Copy{c}}},
		Done:   func(_ *device.Batch, _ device.Timing, err error) { ended <- err },
	})
	select {
	case err := <-ended:
		return errors.Join(err, q.Close())
	case <-time.After(trialPatience): // the queue is dropped
		return fmt.Errorf("no answer for %v", trialPatience)
	}
}

func rowOf(v *tensor.View) (xs []float32) {
	for j := range v.Cols() {
		xs = append(xs, v.Value(0, 0, j))
	}
	return xs
}
