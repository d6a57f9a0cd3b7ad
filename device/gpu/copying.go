package gpu

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// Copying is a copy from buffer to buffer as kernels read it.
type Copying struct {
	Arguments shaders.CopyArguments
	Dst, Src  device.Buffer
}

// Empty reports that there is nothing to copy.
func (c *Copying) Empty() bool {
	return c.Arguments.Rows == 0 || c.Arguments.Cols == 0 || c.Arguments.Batches == 0
}

// Bind checks the copy and describes it. Both sides must lie in buffers.
func (c *Copying) Bind(copied *device.Copy) error {
	if err := copied.Check(); err != nil {
		return err
	}
	d := copied.Src.View.Dims()
	if err := fits(d[:]...); err != nil {
		return err
	}
	c.Arguments = shaders.CopyArguments{
		Dst: matrix(&copied.Dst.View, d[0]), Src: matrix(&copied.Src.View, d[0]),
		Rows: uint32(d[1]), Cols: uint32(d[2]), Batches: uint32(d[0]),
	}
	c.Dst, c.Src = copied.Dst.Buffer, copied.Src.Buffer
	if !c.Empty() && (c.Dst == nil || c.Src == nil) {
		return errNoBuffer
	}
	return nil
}
