package kernels

import (
	"fmt"
	"strconv"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Row is one kernel of the catalog: its name (the same word in the shader
// entry point, the cache key and the metrics) and what it supports. What a
// row does not claim is never given to it.
type Row struct {
	Name         string
	Family       Family
	Bucket       Bucket // small-N only
	Experimental bool   // chosen only with METALLIC_EXP_KERNELS

	Types   []tensor.DType // of A (matmul) or of the rows (softmax)
	Mixed   bool           // f32 among f16 or bf16, as any of A, B and C
	Causal  bool
	Offset  bool // query offset other than 0
	MaxCols int  // softmax: longest row, 0 for no limit

	NeedsSIMDMatrix bool
	NeedsVendor     bool
}

// Catalog is a table of kernels, in order of preference within a family.
type Catalog []Row

var allTypes = []tensor.DType{tensor.F32, tensor.F16, tensor.BF16}

// Default is THE table of kernels.
var Default = Catalog{
	{Name: "matmul_gemv", Family: FamilyGEMV, Types: allTypes, Mixed: true},
	{Name: "matmul_smalln_n1", Family: FamilySmallN, Bucket: N1, Types: allTypes, Mixed: true},
	{Name: "matmul_smalln_n2", Family: FamilySmallN, Bucket: N2, Types: allTypes, Mixed: true},
	{Name: "matmul_smalln_n4", Family: FamilySmallN, Bucket: N4, Types: allTypes, Mixed: true},
	{Name: "matmul_smalln_n8", Family: FamilySmallN, Bucket: N8, Types: allTypes, Mixed: true},
	{Name: "matmul_smalln_n16", Family: FamilySmallN, Bucket: N16, Types: allTypes, Mixed: true},
	{Name: "matmul_simd", Family: FamilySIMD, Types: allTypes, Mixed: true, NeedsSIMDMatrix: true},
	{Name: "matmul_mlx", Family: FamilyMLX, Types: allTypes, Mixed: true},
	{Name: "matmul_mps", Family: FamilyMPS, Types: []tensor.DType{tensor.F32, tensor.F16}, NeedsVendor: true},
	{Name: "softmax_vec", Family: FamilyVec, Types: allTypes, Causal: true, Offset: true, MaxCols: 8192},
	{Name: "softmax_block_online", Family: FamilyBlock, Types: allTypes, Causal: true, Offset: true, Experimental: true},
	{Name: "softmax_block", Family: FamilyBlock, Types: allTypes, Causal: true, Offset: true},
	{Name: "softmax_legacy", Family: FamilyLegacy, Types: allTypes, Causal: true, Offset: true},
}

// Find returns the row with the given name, or nil.
func (c Catalog) Find(name string) *Row {
	for i := range c {
		if c[i].Name == name {
			return &c[i]
		}
	}
	return nil
}

// Supports reports whether the row can compute p on a device with caps, and
// if not, why.
func (r *Row) Supports(p Problem, caps Caps) (ok bool, why string) {
	switch {
	case r.Family.Op() != p.Op:
		return false, fmt.Sprintf("%s computes %v", r.Name, r.Family.Op())
	case r.NeedsSIMDMatrix && !caps.SIMDMatrix:
		return false, "the device has no SIMD matrix multiply"
	case r.NeedsVendor && !caps.Vendor:
		return false, "no vendor library: " + caps.VendorHelp
	case !contains(r.Types, p.A):
		return false, fmt.Sprintf("%s does not take %v", r.Name, p.A)
	case !r.Mixed && (p.A != p.B || p.B != p.C):
		return false, fmt.Sprintf("%s does not mix types (%v, %v, %v)", r.Name, p.A, p.B, p.C)
	case p.Causal && !r.Causal:
		return false, r.Name + " has no causal mask"
	case p.QueryOffset && !r.Offset:
		return false, r.Name + " has no query offset"
	case r.MaxCols > 0 && p.Op == OpSoftmax && p.Shape.N > r.MaxCols:
		return false, r.Name + " takes up to " + strconv.Itoa(r.MaxCols) + " columns"
	}
	return true, ""
}

func contains(types []tensor.DType, d tensor.DType) bool {
	for _, t := range types {
		if t == d {
			return true
		}
	}
	return false
}

// Variant names the sub-choice within a family, for records and metrics.
func Variant(f Family, b Bucket, width int) string {
	switch f {
	case FamilySmallN:
		return b.String()
	case FamilyVec, FamilyBlock, FamilyLegacy, FamilyChain:
		return "w" + strconv.Itoa(width)
	case FamilyGEMV, FamilySIMD, FamilyMLX, FamilyMPS, familyEnd:
	}
	return "-"
}
