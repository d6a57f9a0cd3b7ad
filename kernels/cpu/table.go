package cpu

// Matmul is a matmul kernel and the block sizes that suit it: blocks of about
// Rows x Cols, rows a multiple of Step, share its packed tiles best. Any block
// gives the same bits.
type Matmul struct {
	Rows, Cols, Step int
	acc              accumulator
	panels           bool // computed over panels where there are kernels for it
	packs            bool // likewise, with both operands packed first
}

// Compute computes one block of p. Blocks that do not overlap may be computed
// at once, each caller with its own scratch.
func (k *Matmul) Compute(s *Scratch, p *Product, b Block) {
	if f := panelTables[level]; k.panels && f != nil {
		computePanels(f, s, p, b)
		return
	}
	compute(k.acc, s, p, b)
}

// Matmuls is the table of matmul kernels by their catalog name.
var Matmuls = map[string]*Matmul{
	"matmul_gemv":       {Rows: 256, Cols: 64, Step: 16, acc: gemv{}},
	"matmul_smalln_n1":  {Rows: 192, Cols: tileCols, Step: PanelRows, acc: smallN(1), panels: true},
	"matmul_smalln_n2":  {Rows: 192, Cols: tileCols, Step: PanelRows, acc: smallN(2), panels: true},
	"matmul_smalln_n4":  {Rows: 192, Cols: tileCols, Step: PanelRows, acc: smallN(4), panels: true},
	"matmul_smalln_n8":  {Rows: 192, Cols: tileCols, Step: PanelRows, acc: smallN(4), panels: true},
	"matmul_smalln_n16": {Rows: 192, Cols: tileCols, Step: PanelRows, acc: smallN(4), panels: true},
	"matmul_simd":       {Rows: 192, Cols: tileCols, Step: PanelRows, acc: simd{}, panels: true, packs: true},
	"matmul_mlx":        {Rows: 192, Cols: tileCols, Step: PanelRows, acc: mlx, panels: true},
}

// Softmax is a softmax kernel.
type Softmax struct {
	row     func(s *Scratch, x, y line, n int)
	vectors bool // vectorised where there is a kernel for that
}

// Compute computes rows [r0, r1) of p. Calls for different rows may overlap,
// each caller with its own scratch.
func (k *Softmax) Compute(s *Scratch, p *Rows, r0, r1 int) { p.each(s, r0, r1, k) }

// Softmaxes is the table of softmax kernels by their catalog name.
var Softmaxes = map[string]*Softmax{
	"softmax_vec":          {row: softmaxVec, vectors: true},
	"softmax_block":        {row: softmaxBlock, vectors: true},
	"softmax_block_online": {row: softmaxOnline, vectors: true},
	"softmax_legacy":       {row: softmaxLegacy},
}
