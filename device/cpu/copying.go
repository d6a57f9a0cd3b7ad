package cpu

import (
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// copyKernel is what a failed copy is called in errors.
const copyKernel = "copy"

// copyRate is the bytes that one thread copies in a nanosecond, and copyBlock
// those of a block.
const (
	copyRate  = 8
	copyBlock = 256 << 10
)

// copying copies src to dst in slices along one dimension.
type copying struct {
	dst, src tensor.View
	along    int // 0 matrices, 1 rows, 2 columns
	step     int
}

func (p *plan) addCopy(dst, src tensor.View) {
	if d := dst.Strides(); d[2] > d[1] { // go along dst as it lies
		dst, src = dst.T(), src.T()
	}
	p.copies = append(p.copies, copying{dst: dst, src: src})
	p.time += atRate(float64(dst.Len()*dst.DType().Size()), copyRate)
}

func (c *copying) kernel() string { return copyKernel }

func (c *copying) split(threads int) int {
	dims := c.dst.Dims()
	for i, n := range dims {
		if n > dims[c.along] {
			c.along = i
		}
	}
	if c.dst.Len() == 0 {
		return 0
	}
	blocks := 1
	if threads > 1 {
		blocks = min(1+c.dst.Len()*c.dst.DType().Size()/copyBlock, dims[c.along])
	}
	c.step = ceil(dims[c.along], blocks)
	return ceil(dims[c.along], c.step)
}

func (c *copying) compute(_ *cpu.Scratch, block int) {
	tensor.Copy(c.slice(c.dst, block), c.slice(c.src, block))
}

func (c *copying) slice(v tensor.View, block int) tensor.View {
	from := block * c.step
	to := min(from+c.step, v.Dims()[c.along])
	switch c.along {
	case 0:
		return v.Sub(from, to)
	case 1:
		return v.Slice(from, to, 0, v.Cols())
	default:
		return v.Slice(0, v.Rows(), from, to)
	}
}

func ceil(n, step int) int { return (n + step - 1) / step }
