package kernels

import (
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Key names one compiled specialisation of a kernel. Equal keys share a
// pipeline in the kernel cache.
type Key struct {
	Kernel         string // the catalog row's name
	A, B, C        tensor.DType
	TransA, TransB bool
	BetaNonZero    bool
	Bias           bool
	Bucket         Bucket // small-N only
	Width          int    // softmax: the row width bucket
	Causal         bool
	QueryOffset    bool
	SIMDReduction  bool
	Threadgroup    int
	Tile           Tile // GPUs only
}

// Tile is the block of the product that one threadgroup computes; zero where
// a kernel has no choice of it.
type Tile struct{ M, N, K int }

func (k Key) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%v,%v,%v", k.Kernel, k.A, k.B, k.C)
	mark := func(on bool, s string) {
		if on {
			b.WriteString("/" + s)
		}
	}
	mark(k.TransA, "ta")
	mark(k.TransB, "tb")
	mark(k.BetaNonZero, "beta")
	mark(k.Bias, "bias")
	mark(k.Bucket != BucketNone, k.Bucket.String())
	mark(k.Width > 0, fmt.Sprintf("w%d", k.Width))
	mark(k.Causal, "causal")
	mark(k.QueryOffset, "offset")
	mark(k.SIMDReduction, "simdred")
	mark(k.Threadgroup > 0, fmt.Sprintf("tg%d", k.Threadgroup))
	mark(k.Tile != Tile{}, fmt.Sprintf("t%dx%dx%d", k.Tile.M, k.Tile.N, k.Tile.K))
	return b.String()
}
