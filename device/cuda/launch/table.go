package launch

import (
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// Grid is the number of blocks and of threads in each, in x, y and z.
type Grid struct{ Blocks, Threads [3]int }

// entry says where a kernel is and how it is started. Exactly one of tile and
// softmax is set.
type entry struct {
	file    string // in shaders/cuda, without .cu
	tile    func(key kernels.Key, args *shaders.MatmulArguments, gpu GPU) tile
	softmax func(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error)
}

// table holds the kernels by their names in the catalog.
var table = map[string]entry{
	"matmul_gemv":       {file: "gemv", tile: gemvTile},
	"matmul_smalln_n1":  {file: "smalln", tile: smallnTile},
	"matmul_smalln_n2":  {file: "smalln", tile: smallnTile},
	"matmul_smalln_n4":  {file: "smalln", tile: smallnTile},
	"matmul_smalln_n8":  {file: "smalln", tile: smallnTile},
	"matmul_smalln_n16": {file: "smalln", tile: smallnTile},
	"matmul_simd":       {file: "simd", tile: simdTile},
	"matmul_mlx":        {file: "mlx", tile: mlxTile},

	"softmax_vec":          {file: "softmax_vec", softmax: vecGrid},
	"softmax_block":        {file: "softmax_block", softmax: blockGrid},
	"softmax_block_online": {file: "softmax_block", softmax: blockGrid},
	"softmax_legacy":       {file: "softmax_legacy", softmax: legacyGrid},
}

// entriesOf lists the functions of a module.
func entriesOf(k Kernel) (all []Entry) {
	switch k.File {
	case copyEntry:
		return []Entry{{Name: copyEntry}}
	case "gemv":
		return []Entry{{Name: "matmul_gemv"}}
	case "softmax_block":
		return []Entry{{Name: "softmax_block"}, {Name: "softmax_block_online"}}
	case "softmax_vec", "softmax_legacy":
		return []Entry{{Name: k.File}}
	}
	for _, t := range tilesOf(k.File, k.Types) {
		all = append(all, Entry{t.entry, t.shared})
	}
	return all
}

const copyEntry = "copy"

// warp is the number of threads in a warp on every GPU.
const warp = gpu.Lanes

func ceil(n uint32, by int) int { return (int(n) + by - 1) / by }
