//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func driverPointer(b *buffer, bytes int) driver.Pointer { return b.gpu.gpu + driver.Pointer(bytes) }

// own returns a buffer if it is the device's.
func (q *queue) own(b device.Buffer) (*buffer, error) {
	if own, ok := b.(*buffer); ok && own.memory == q.device.memory {
		return own, nil
	}
	return nil, errForeign
}

// stage returns a compact region of new pinned memory, which is freed at the end
// of the batch. It has a twin for a copy that is not direct: the transfer is to or
// from that, and a kernel does the rest.
func (q *queue) stage(t *task, v *tensor.View, direct bool) (*buffer, device.Region, error) {
	space := device.SpaceShared
	if direct {
		space = device.SpaceHost
	}
	b, err := q.device.alloc(space, max(1, v.Len()*v.DType().Size()))
	if err != nil {
		return nil, device.Region{}, q.device.failed(copyKernel, err)
	}
	t.staging = append(t.staging, b)
	return b, device.In(b, v.DType(), v.Dims(), 0), nil
}

// bring makes a copy that comes before the GPU's work: from the caller's memory
// at once to pinned memory, through some and perhaps a kernel to the GPU's own.
func (q *queue) bring(t *task, c *device.Copy) error {
	switch {
	case c.Src.View.Len() == 0:
		return nil
	case c.Dst.Buffer == nil && c.Src.Buffer == nil:
		return t.copyNow(c.Dst.View, c.Src.View)
	case c.Dst.Buffer == nil && c.Src.Buffer.Space() == device.SpaceDevice:
		return q.fetch(t, c)
	case c.Dst.Buffer == nil:
		return t.copyNow(c.Dst.View, c.Src.View.Rebase(c.Src.Buffer.Pointer()))
	}
	dst, err := q.own(c.Dst.Buffer)
	if err != nil {
		return &device.KernelError{Kernel: copyKernel, Cause: err}
	}
	s, direct := directSpan(&c.Dst.View)
	b, staged, err := q.stage(t, &c.Dst.View, direct)
	if err != nil {
		return err
	}
	if err := t.copyNow(staged.View, c.Src.View); err != nil {
		return err
	}
	if err := q.begin(t); err != nil {
		return err
	}
	to := driverPointer(dst, s.low)
	if !direct {
		to = driverPointer(b, 0)
	}
	if err := q.stream.CopyToDevice(to, b.host.host, c.Src.View.Len()*c.Src.View.DType().Size()); err != nil {
		return q.device.failed(copyKernel, err)
	}
	if direct {
		return nil
	}
	return q.copy(&device.Copy{Dst: c.Dst, Src: staged})
}

// fetch makes a copy that comes after the GPU's work: what goes to the caller's
// memory is in pinned memory when the GPU has ended, and lands from there.
func (q *queue) fetch(t *task, c *device.Copy) error {
	switch {
	case c.Src.View.Len() == 0:
		return nil
	case c.Dst.Buffer == nil && c.Src.Buffer == nil:
		t.landing = append(t.landing, landing{c.Dst.View, c.Src.View})
		return nil
	case c.Src.Buffer == nil && c.Dst.Buffer.Space() == device.SpaceDevice:
		return q.bring(t, c)
	case c.Src.Buffer == nil:
		t.landing = append(t.landing, landing{c.Dst.View.Rebase(c.Dst.Buffer.Pointer()), c.Src.View})
		return nil
	}
	src, err := q.own(c.Src.Buffer)
	if err != nil {
		return &device.KernelError{Kernel: copyKernel, Cause: err}
	}
	if src.space != device.SpaceDevice {
		t.landing = append(t.landing, landing{c.Dst.View, c.Src.View.Rebase(src.host.host)})
		return nil
	}
	s, direct := directSpan(&c.Src.View)
	b, staged, err := q.stage(t, &c.Src.View, direct)
	if err != nil {
		return err
	}
	if err := q.begin(t); err != nil { // where it comes before the GPU's work
		return err
	}
	from := driverPointer(src, s.low)
	if !direct {
		if err := q.copy(&device.Copy{Dst: staged, Src: c.Src}); err != nil {
			return err
		}
		from = driverPointer(b, 0)
	}
	if err := q.stream.CopyToHost(b.host.host, from, c.Src.View.Len()*c.Src.View.DType().Size()); err != nil {
		return q.device.failed(copyKernel, err)
	}
	t.landing = append(t.landing, landing{c.Dst.View, staged.View})
	return nil
}

// directSpan returns the bytes of a view in the GPU's memory, and whether they go
// to or from staging memory as they are.
func directSpan(v *tensor.View) (s span, direct bool) {
	s, dense := spanOf(v)
	return s, dense && compact(v)
}

// compact reports whether the elements of a view stand in memory in order.
func compact(v *tensor.View) bool {
	d, s := v.Dims(), v.Strides()
	want := tensor.Compact(d)
	for i := range d {
		if d[i] > 1 && s[i] != want[i] {
			return false
		}
	}
	return true
}

// copyNow copies by the processor. Memory that is not there, such as that of a
// mapped file that was cut short, is an error.
func (t *task) copyNow(dst, src tensor.View) (err error) {
	start := time.Now()
	defer func() { t.processor += time.Since(start) }()
	defer recovered(copyKernel, &err)
	if src.Base() == nil {
		return &device.KernelError{Kernel: copyKernel, Cause: errors.New("a view without memory")}
	}
	tensor.Copy(dst, src)
	return nil
}
