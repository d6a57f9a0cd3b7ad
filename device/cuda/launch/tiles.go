package launch

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
	"github.com/metallic-sched/metallic-sched/shaders/cuda"
)

// tile is what a block of threads computes of C, and by which function. The
// functions of a file sum alike, so that the choice does not show in the bits.
type tile struct {
	entry         string
	height, width int
	threads       int
	shared        int // bytes of dynamic shared memory

	// Of tiles for Hopper: blocks that share a sum, blocks that a processor has
	// at a time, and that operands have maps.
	strands, resident int
	mapped            bool
}

// The numbers here are those of the sources.
var (
	gemv = tile{entry: "matmul_gemv", height: 16, width: 1, threads: 128}

	smallnTensor = []tile{
		{entry: "matmul_smalln_n8", height: 16, width: 8, threads: 256, shared: smallnShared(16, 8)},
		{entry: "matmul_smalln_n16", height: 16, width: 16, threads: 256, shared: smallnShared(16, 16)},
		{entry: "matmul_smalln_n32", height: 16, width: 32, threads: 256, shared: smallnShared(16, 32)},
		{entry: "matmul_smalln_n32_tall", height: 32, width: 32, threads: 256, shared: smallnShared(32, 32)},
		{entry: "matmul_smalln_n64", height: 32, width: 64, threads: 256, shared: smallnShared(32, 64)},
	}
	smallnPlain = []tile{
		{entry: "matmul_smalln_n1", height: 32, width: 1, threads: 256},
		{entry: "matmul_smalln_n2", height: 32, width: 2, threads: 256},
		{entry: "matmul_smalln_n4", height: 32, width: 4, threads: 256},
		{entry: "matmul_smalln_n8", height: 32, width: 8, threads: 256},
		{entry: "matmul_smalln_n16", height: 32, width: 16, threads: 256},
	}
	simdTensor = []tile{
		{entry: "matmul_simd_small", height: 64, width: 64, threads: 128, shared: simdShared(64, 64)},
		{entry: "matmul_simd", height: 128, width: 128, threads: 256, shared: simdShared(128, 128)},
		{entry: "matmul_simd_wide", height: 128, width: 256, threads: 256, shared: simdShared(128, 256)},
	}
	simdPlain = []tile{
		{entry: "matmul_simd_small", height: 64, width: 64, threads: 128},
		{entry: "matmul_simd", height: 128, width: 128, threads: 256},
	}
	mlx = []tile{
		{entry: "matmul_mlx_small", height: 32, width: 32, threads: 64},
		{entry: "matmul_mlx", height: 64, width: 64, threads: 128},
	}
)

// smallnShared is the memory of the sums of eight warps, in f32.
func smallnShared(height, width int) int { return 8 * height * (width + 1) * 4 }

// simdShared is the memory of four tiles of A and B, 32 deep, with padding, in
// 16 bits.
func simdShared(height, width int) int {
	room := func(side int) int { return max(side*(32+8), 32*(side+8)) }
	return 4 * (room(height) + room(width)) * 2
}

func tilesOf(file string, tensorCores bool) []tile {
	switch {
	case file == "smalln" && tensorCores:
		return smallnTensor
	case file == "smalln":
		return smallnPlain
	case file == "simd" && tensorCores:
		return simdTensor
	case file == "simd":
		return simdPlain
	case file == "simd_hopper":
		return simdHopper
	case file == "smalln_hopper":
		return slices.Concat(smallnWhole, smallnBy4, smallnBy8)
	}
	return mlx
}

func gemvTile(kernels.Key, *shaders.MatmulArguments, GPU) tile { return gemv }

// smallnTile takes the narrowest tile that holds all columns, whatever the
// key's bucket: wide products are many jobs together. Tall tiles are for tall
// matrices, which have enough of them.
func smallnTile(key kernels.Key, args *shaders.MatmulArguments, gpu GPU) tile {
	if fileOf("smalln", typesOf(key), gpu) != "smalln" {
		return smallnHopperTile(args, gpu)
	}
	all := tilesOf("smalln", cuda.TensorCores(typesOf(key)))
	best := all[0]
	for _, t := range all[1:] {
		tall := t.height > all[0].height
		if int(args.N) <= best.width && !tall || tall && ceil(args.M, t.height) < enoughTall {
			continue
		}
		if int(args.N) > best.width || t.width == best.width {
			best = t
		}
	}
	return best
}

// enoughTall is how many tall tiles below each other keep a GPU busy.
const enoughTall = 100

func simdTile(key kernels.Key, args *shaders.MatmulArguments, gpu GPU) tile {
	types := typesOf(key)
	return sized(key, args, gpu, tilesOf(fileOf("simd", types, gpu), cuda.TensorCores(types)))
}

func mlxTile(key kernels.Key, args *shaders.MatmulArguments, gpu GPU) tile {
	return sized(key, args, gpu, mlx)
}

// enoughTiles is how many large tiles keep a GPU busy: about one for each
// multiprocessor.
const enoughTiles = 128

// sized returns the tile that a key names. If it names none, that is the
// largest for which there is enough work and shared memory, and that is not
// mostly padding.
func sized(key kernels.Key, args *shaders.MatmulArguments, gpu GPU, all []tile) tile {
	for _, t := range all {
		if key.Tile.M == t.height && key.Tile.N == t.width && t.shared <= gpu.Shared {
			return t
		}
	}
	best := all[0]
	for _, t := range all[1:] {
		count := ceil(args.M, t.height) * ceil(args.N, t.width) * int(args.Batches)
		if count >= enoughTiles && t.shared <= gpu.Shared && int(args.M) > best.height && int(args.N) > best.width {
			best = t
		}
	}
	return best
}

// grid covers C with tiles, those below each other first. Blocks of tiles with
// maps compute one after another, unless they share sums.
func (t tile) grid(args *shaders.MatmulArguments, gpu GPU) Grid {
	if t.mapped {
		blocks := ceil(args.M, t.height) * ceil(args.N, t.width) * int(args.Batches) * t.strands
		if t.strands == 1 {
			blocks = min(blocks, gpu.Processors*t.resident)
		}
		return Grid{Blocks: [3]int{blocks, 1, 1}, Threads: [3]int{t.threads, 1, 1}}
	}
	return Grid{
		Blocks:  [3]int{ceil(args.M, t.height) * ceil(args.N, t.width), 1, int(args.Batches)},
		Threads: [3]int{t.threads, 1, 1},
	}
}
