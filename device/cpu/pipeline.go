package cpu

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// pipeline is a kernel of the function table. Exactly one of matmul and
// softmax is set. With vendor the platform's BLAS computes the product, and
// matmul stands for it where it cannot.
type pipeline struct {
	key     kernels.Key
	matmul  *cpu.Matmul
	softmax *cpu.Softmax
	vendor  *vendor
}

// newPipeline compiles a key; v is nil on a machine without a BLAS.
func newPipeline(key kernels.Key, v *vendor) (*pipeline, error) {
	p := &pipeline{key: key, matmul: cpu.Matmuls[key.Kernel], softmax: cpu.Softmaxes[key.Kernel]}
	if key.Kernel == vendorKernel && v != nil {
		p.matmul, p.vendor = rest, v
	}
	if p.matmul == nil && p.softmax == nil {
		return nil, fmt.Errorf("cpu: kernel %q: %w", key.Kernel, device.ErrUnsupported)
	}
	if !key.A.Valid() || !key.B.Valid() || !key.C.Valid() {
		return nil, fmt.Errorf("cpu: kernel %q for types %v, %v, %v: %w", key.Kernel, key.A, key.B, key.C, device.ErrUnsupported)
	}
	return p, nil
}

func (p *pipeline) Key() kernels.Key { return p.key }
