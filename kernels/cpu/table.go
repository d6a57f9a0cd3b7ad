package cpu

// Matmul is a matmul kernel and the block sizes that suit it: blocks of about
// Rows x Cols, rows a multiple of Step, share its packed tiles best. Any block
// gives the same bits.
type Matmul struct {
	Rows, Cols, Step int
	acc              accumulator
}

// Compute computes one block of p. Blocks that do not overlap may be computed
// at once, each caller with its own scratch.
func (k *Matmul) Compute(s *Scratch, p *Product, b Block) { compute(k.acc, s, p, b) }

// Matmuls is the table of matmul kernels by their catalog name.
var Matmuls = map[string]*Matmul{
	"matmul_gemv":       {Rows: 256, Cols: 64, Step: 16, acc: gemv{}},
	"matmul_smalln_n1":  {Rows: 256, Cols: 64, Step: 16, acc: smallN(1)},
	"matmul_smalln_n2":  {Rows: 256, Cols: 64, Step: 16, acc: smallN(2)},
	"matmul_smalln_n4":  {Rows: 256, Cols: 64, Step: 16, acc: smallN(4)},
	"matmul_smalln_n8":  {Rows: 256, Cols: 64, Step: 16, acc: smallN(4)},
	"matmul_smalln_n16": {Rows: 256, Cols: 64, Step: 16, acc: smallN(4)},
	"matmul_simd":       {Rows: simdRows, Cols: simdCols, Step: 16, acc: simd{}},
	"matmul_mlx":        {Rows: 64, Cols: 64, Step: 16, acc: mlx},
}

// Softmax is a softmax kernel.
type Softmax struct {
	row func(s *Scratch, x, y line, n int)
}

// Compute computes rows [r0, r1) of p. Calls for different rows may overlap,
// each caller with its own scratch.
func (k *Softmax) Compute(s *Scratch, p *Rows, r0, r1 int) { p.each(s, r0, r1, k.row) }

// Softmaxes is the table of softmax kernels by their catalog name.
var Softmaxes = map[string]*Softmax{
	"softmax_vec":          {row: softmaxVec},
	"softmax_block":        {row: softmaxBlock},
	"softmax_block_online": {row: softmaxOnline},
	"softmax_legacy":       {row: softmaxLegacy},
}
