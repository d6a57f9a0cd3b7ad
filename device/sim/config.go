package sim

import (
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// Config describes a simulated device. The zero Config computes nothing in no
// time and never fails.
type Config struct {
	// Time returns the device time of a batch. It is called in Commit. Nil
	// means Launch + PerColumn for each column of a matmul and each row of a
	// softmax.
	Time func(*device.Batch) time.Duration
	// Launch is the fixed time of a batch, used when Time is nil.
	Launch time.Duration
	// PerColumn is the time of a column, used when Time is nil.
	PerColumn time.Duration
	// Before is how long the host is busy with a batch before the device has it,
	// with one at a time. More than 0 makes Info.Begins true.
	Before time.Duration

	// Fault decides what happens to a batch. It is called in Commit, in the
	// order of Commit. Nil means that no batch fails.
	Fault func(*device.Batch) Fault

	// AllocLimit is the bytes that may be in use at once; 0 means 8 GiB.
	AllocLimit int64
	// CompileTime is how long Compile takes.
	CompileTime time.Duration
	// CompileError decides whether Compile fails, after CompileTime. Nil means
	// that it does not. It may be called from several goroutines at once, and
	// a panic in it leaves Compile.
	CompileError func(kernels.Key) error

	// Inner, when set, computes the batches, so that results can be checked.
	// It must read host memory (Info.HostMemory). It is closed with the
	// device. A batch takes the longer of its set time and Inner's time.
	Inner device.Device

	// Discrete makes memory like a GPU's: Info.HostMemory is false, the host
	// cannot address SpaceDevice, and a kernel that is given memory outside
	// SpaceDevice and SpaceShared fails its batch.
	Discrete bool
	// QueueDepth is Info.QueueDepth; 0 means 1.
	QueueDepth int
	// Flops is Info.Flops; 0 means those of Inner, or 1e12.
	Flops float64
	// Caps are the capabilities; the zero Caps mean SIMD matrix multiply and
	// reduction, a SIMD width of 32, threadgroups of up to 1024 and a vendor
	// library.
	Caps kernels.Caps
	// Kernels are the rows that Compile knows; nil means kernels.Default.
	Kernels kernels.Catalog
}

func (c Config) withDefaults() Config {
	if c.Time == nil {
		launch, perColumn := c.Launch, c.PerColumn
		c.Time = func(b *device.Batch) time.Duration {
			if perColumn == 0 {
				return launch
			}
			return launch + perColumn*time.Duration(columns(b))
		}
	}
	if c.AllocLimit == 0 {
		c.AllocLimit = 8 << 30
	}
	c.QueueDepth = max(c.QueueDepth, 1)
	if c.Caps == (kernels.Caps{}) {
		c.Caps = kernels.Caps{SIMDMatrix: true, SIMDReduction: true, SIMDWidth: 32, MaxThreadgroup: 1024, Vendor: true}
	}
	if c.Kernels == nil {
		c.Kernels = kernels.Default
	}
	return c
}

// columns counts what PerColumn is paid for.
func columns(b *device.Batch) int {
	n := 0
	for _, s := range b.Stages {
		for _, d := range s.Dispatches {
			if d.Matmul != nil {
				n += d.Matmul.Shape.Batch * d.Matmul.Shape.N
			}
			if d.Softmax != nil {
				n += d.Softmax.X.View.Matrices() * d.Softmax.X.View.Rows()
			}
		}
	}
	return n
}
