package policy

import (
	"math/bits"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// keyFor returns the specialisation of a row for one problem. What a kernel
// does not depend on stays zero, so that more problems share a pipeline.
func keyFor(p kernels.Problem, row *kernels.Row, caps kernels.Caps) kernels.Key {
	key := kernels.Key{Kernel: row.Name, A: p.A, B: p.B, C: p.C}
	if p.Op == kernels.OpSoftmax {
		key.Width = kernels.WidthBucket(p.Shape.N)
		key.Causal, key.QueryOffset = p.Causal, p.QueryOffset
		key.SIMDReduction = caps.SIMDReduction && row.Family != kernels.FamilyLegacy
		key.Threadgroup = threadgroup(p.Shape.N, caps)
		return key
	}
	key.TransA, key.TransB = p.TransA, p.TransB
	key.BetaNonZero, key.Bias = p.BetaNonZero, p.Bias
	key.Bucket = row.Bucket
	key.SIMDReduction = caps.SIMDReduction && row.Family == kernels.FamilySmallN
	return key
}

// KeyForColumns returns the key of a batch that the plan's job was coalesced
// into: of the same family, for the columns of the whole batch, and with beta
// and bias if any job of it has them. Softmax batches use the plan's own key.
func KeyForColumns(plan *kernels.Plan, columns int, betaNonZero, bias bool) kernels.Key {
	key := plan.Key
	if plan.Problem.Op != kernels.OpMatmul {
		return key
	}
	key.BetaNonZero, key.Bias = betaNonZero, bias
	if plan.Row.Family == kernels.FamilySmallN {
		row := plan.SmallN[bucketIndex(kernels.BucketFor(columns))]
		key.Kernel, key.Bucket = row.Name, row.Bucket
	}
	return key
}

// threadgroup returns the threads that share a softmax row: the next power of
// two of its length, at least a SIMD group, at most the largest power of two
// within the device's limit.
func threadgroup(cols int, caps kernels.Caps) int {
	limit := 1 << (bits.Len(uint(max(caps.MaxThreadgroup, 1))) - 1)
	return min(max(kernels.WidthBucket(cols), caps.SIMDWidth), limit)
}
