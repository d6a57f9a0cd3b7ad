package launch

import (
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// Grid is the number of threadgroups and of threads in each, in x, y and z.
type Grid struct{ Groups, Threads [3]int }

// entry says where a kernel is and how it is started. Exactly one of matmul
// and softmax is set.
type entry struct {
	file    string // in shaders/metal, without .metal
	matmul  func(key kernels.Key, args *shaders.MatmulArguments) Grid
	softmax func(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error)
}

// table holds the kernels by their names in the catalog.
var table = map[string]entry{
	"matmul_gemv":       {file: "gemv", matmul: gemvGrid},
	"matmul_smalln_n1":  {file: "smalln", matmul: smallnGrid},
	"matmul_smalln_n2":  {file: "smalln", matmul: smallnGrid},
	"matmul_smalln_n4":  {file: "smalln", matmul: smallnGrid},
	"matmul_smalln_n8":  {file: "smalln", matmul: smallnGrid},
	"matmul_smalln_n16": {file: "smalln", matmul: smallnGrid},
	"matmul_simd":       {file: "simd", matmul: tilesGrid},
	"matmul_mlx":        {file: "mlx", matmul: tilesGrid},

	"softmax_vec":          {file: "softmax_vec", softmax: vecGrid},
	"softmax_block":        {file: "softmax_block", softmax: blockGrid},
	"softmax_block_online": {file: "softmax_block", softmax: blockGrid},
	"softmax_legacy":       {file: "softmax_legacy", softmax: legacyGrid},
}

const copyEntry = "copy"

// simdWidth is the number of threads in a SIMD group on every Apple GPU.
const simdWidth = gpu.Lanes

func ceil(n uint32, by int) int { return (int(n) + by - 1) / by }
