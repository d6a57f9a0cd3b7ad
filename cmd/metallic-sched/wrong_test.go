package main

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// wrongMain is the program with a device whose kernels are wrong in one element
// of every softmax and of every large product. It is a command of its own so
// that the processes it starts have that device, too.
func wrongMain() {
	openDevice = func(name string, c discover.Config) (device.Device, error) {
		d, err := discover.Open(name, c)
		if err != nil {
			return nil, err
		}
		return newWrong(d)
	}
	main()
}

// wrong is a device that changes one element of results.
type wrong struct {
	device.Device
	values map[tensor.DType]device.Buffer // a number in each type
}

func newWrong(d device.Device) (device.Device, error) {
	w := &wrong{Device: d, values: map[tensor.DType]device.Buffer{}}
	for _, dt := range tensor.DTypes {
		b, err := d.Alloc(device.SpaceShared, dt.Size())
		if err != nil {
			return nil, err
		}
		v := device.In(b, dt, tensor.Dims{1, 1, 1}, 0).View
		v.SetValue(0, 0, 0, 0.75)
		w.values[dt] = b
	}
	return w, nil
}

func (w *wrong) NewQueue() (device.Queue, error) {
	q, err := w.Device.NewQueue()
	return &wrongQueue{q, w}, err
}

func (w *wrong) Close() error {
	for _, b := range w.values {
		b.Free()
	}
	return w.Device.Close()
}

type wrongQueue struct {
	device.Queue
	device *wrong
}

// Commit has a stage more after each that is wrong.
func (q *wrongQueue) Commit(b *device.Batch) {
	changed := &device.Batch{ID: b.ID, Profile: b.Profile, Done: func(_ *device.Batch, t device.Timing, err error) { b.Done(b, t, err) }}
	for _, s := range b.Stages {
		changed.Stages = append(changed.Stages, s)
		var after device.Stage
		for _, d := range s.Dispatches {
			if y := result(d); y.Buffer != nil && y.View.Len() > 0 {
				y.View = y.View.Sub(0, 1).Slice(0, 1, 0, 1)
				src := device.In(q.device.values[y.View.DType()], y.View.DType(), tensor.Dims{1, 1, 1}, 0)
				after.Copies = append(after.Copies, device.Copy{Dst: y, Src: src})
			}
		}
		if after.Copies != nil {
			changed.Stages = append(changed.Stages, after)
		}
	}
	q.Queue.Commit(changed)
}

// result is what a dispatch is wrong in.
func result(d device.Dispatch) device.Region {
	if d.Softmax != nil {
		return d.Softmax.Y
	}
	if m := d.Matmul; m != nil && m.Shape.M >= 500 {
		return m.C
	}
	return device.Region{}
}
