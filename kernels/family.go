package kernels

import "fmt"

// Family is a kind of kernel with one way of computing. The bits of a job's
// result depend on its family, never on what it was batched with.
type Family uint8

// The kernel families. The first five compute matmul, the others softmax.
const (
	FamilyGEMV   Family = iota + 1 // one dot product per row, column by column
	FamilySmallN                   // A streamed once for up to 16 columns at a time
	FamilySIMD                     // the device's SIMD matrix multiply
	FamilyMLX                      // tiled GEMM after MLX's design: the fallback
	FamilyMPS                      // the platform's vendor library
	FamilyVec                      // softmax: short rows, vectorised
	FamilyBlock                    // softmax: long rows, in blocks
	FamilyLegacy                   // softmax: plain, supports every mode
	FamilyChain                    // attention: kernels of the others, one after another

	familyEnd
)

// FamilyCount is the length of a table by Family.
const FamilyCount = int(familyEnd)

// Families lists every Family that has kernels of its own.
var Families = []Family{FamilyGEMV, FamilySmallN, FamilySIMD, FamilyMLX, FamilyMPS, FamilyVec, FamilyBlock, FamilyLegacy}

func (f Family) String() string {
	switch f {
	case FamilyGEMV:
		return "gemv"
	case FamilySmallN:
		return "smalln"
	case FamilySIMD:
		return "simd"
	case FamilyMLX:
		return "mlx"
	case FamilyMPS:
		return "mps"
	case FamilyVec:
		return "vec"
	case FamilyBlock:
		return "block"
	case FamilyLegacy:
		return "legacy"
	case FamilyChain:
		return "chain"
	case familyEnd:
	}
	return fmt.Sprintf("family(%d)", uint8(f))
}

// Op returns the operation the family computes.
func (f Family) Op() Op {
	switch {
	case f >= FamilyChain:
		return OpAttention
	case f >= FamilyVec:
		return OpSoftmax
	}
	return OpMatmul
}

// BatchInvariant reports whether the family promises the same bits for a job
// whatever it is batched with. Vendor libraries promise no such thing.
func (f Family) BatchInvariant() bool { return f != FamilyMPS }
