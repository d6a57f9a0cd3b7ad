package selftest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// softmaxes times every softmax kernel.
func (b *timing) softmaxes() error {
	widths := []int{64, 1024, 4096, 32768}
	if b.Quick {
		widths = []int{64, 4096}
	}
	for _, dt := range benchmarkTypes(b.Quick) {
		for _, w := range widths {
			s := softmaxSize{rows: max(8, 1<<18/w), cols: w}
			if b.Quick {
				s.rows = max(1, s.rows/8)
			}
			if err := b.softmax(s, dt); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *timing) softmax(s softmaxSize, dt tensor.DType) error {
	x := &softmax{softmaxSize: s, dt: dt, x: kerneltest.NewOperand(dt, tensor.Dims{1, s.rows, s.cols}, kerneltest.RowMajor, false)}
	dice := rand.New(rand.NewPCG(uint64(s.rows), uint64(s.cols)))
	x.x.Fill(func(int, int, int) float32 { return 4 * dice.Float32() })
	in, err := b.rig.place(x.x, device.SpaceShared)
	if err != nil {
		return err
	}
	defer in.free()
	out, err := b.rig.place(x.x, device.SpaceShared)
	if err != nil {
		return err
	}
	defer out.free()
	job := x.job(x.x, x.x)
	for i := range kernels.Default {
		row := &kernels.Default[i]
		if ok, _ := claims(row, types{dt, dt, dt}, s.cols, b.rig.info.Caps); !ok || row.Family.Op() != kernels.OpSoftmax {
			continue
		}
		b.tell("%s, %dx%d of %v", row.Name, s.rows, s.cols, dt)
		if err := b.ctx.Err(); err != nil {
			return err
		}
		rate := Rate{Kernel: row.Name, Family: row.Family.String(), Types: dt.String(), Shape: fmt.Sprintf("%dx%d", s.rows, s.cols)}
		rate.set(b.pace.measure(func() (time.Duration, error) {
			return b.rig.timeSoftmax(job.Key(row, b.rig.info.Caps), bindSoftmax(job, in.region, out.region))
		}))
		rate.rateOf(2*float64(dt.Size()*s.rows*s.cols), 0)
		b.Rates = append(b.Rates, rate)
	}
	return nil
}

func (r *rig) timeSoftmax(key kernels.Key, bound *device.Softmax) (time.Duration, error) {
	line, err := r.compile(key)
	if err != nil {
		return 0, err
	}
	t, err := r.commit(device.Stage{Dispatches: []device.Dispatch{{Pipeline: line, Softmax: bound}}})
	return t.Device, err
}
