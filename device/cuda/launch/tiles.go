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

	// strands are the blocks that share a sum, if any do. Of tiles for Hopper alone:
	// blocks that a processor has at a time, and that operands have maps.
	strands, resident int
	mapped            bool
	single            bool // the map is of f32, and of A alone
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
	// By width, and by height; see also smallnWide.
	smallnPlain = []tile{
		{entry: "matmul_smalln_n1", height: 32, width: 1, threads: 256},
		{entry: "matmul_smalln_n2", height: 32, width: 2, threads: 256},
		strandTile("matmul_smalln_n4", 2, 1, 8, 64),
		strandTile("matmul_smalln_n8", 2, 2, 8, 64),
		strandTile("matmul_smalln_n8_high", 4, 2, 6, 64),
		strandTile("matmul_smalln_n8_tall", 8, 2, 4, 64),
		strandTile("matmul_smalln_n16_low", 2, 4, 8, 64),
		strandTile("matmul_smalln_n16", 4, 4, 5, 64),
		strandTile("matmul_smalln_n16_tall", 8, 4, 4, 64),
		strandTile("matmul_smalln_n32_low", 2, 8, 6, 64),
	}
	// For a long K: of one or two columns, and of clusters.
	smallnLines = []tile{
		{entry: "matmul_smalln_n1_long", height: 4, width: 1, threads: 256},
		{entry: "matmul_smalln_n2_long", height: 4, width: 2, threads: 256},
	}
	smallnLong = append(slices.Clone(smallnLines),
		strandTile("matmul_smalln_n8_by8", 8, 2, 4, 64).inStretches(),
		strandTile("matmul_smalln_n16_by8", 8, 4, 4, 64).inStretches(),
		strandTile("matmul_smalln_n32_by8", 8, 8, 2, 128).inStretches(),
		strandTile("matmul_smalln_n64_by8", 8, 16, 3, 128).inStretches(),
	)
	simdTensor = []tile{
		{entry: "matmul_simd_small", height: 64, width: 64, threads: 128, shared: simdShared(64, 64)},
		{entry: "matmul_simd", height: 128, width: 128, threads: 256, shared: simdShared(128, 128)},
		{entry: "matmul_simd_wide", height: 128, width: 256, threads: 256, shared: simdShared(128, 256)},
	}
	simdPlain = []tile{
		{entry: "matmul_simd_small", height: 64, width: 64, threads: 128},
		{entry: "matmul_simd", height: 128, width: 128, threads: 256},
	}
	// Of f32 operands.
	simdPanels = []tile{
		{entry: "matmul_simd_small", height: 64, width: 64, threads: 128, shared: panelShared(64, 64)},
		{entry: "matmul_simd", height: 128, width: 128, threads: 256, shared: panelShared(128, 128)},
	}
	mlx = []tile{
		{entry: "matmul_mlx_small", height: 32, width: 32, threads: 64},
		{entry: "matmul_mlx", height: 64, width: 64, threads: 128},
	}
)

// smallnShared is the memory of the sums of eight warps, in f32.
func smallnShared(height, width int) int { return 8 * height * (width + 1) * 4 }

// strandTile has the memory of some tiles of A and B, with padding, in f32; or
// that of the sums of eight strands, which come later.
func strandTile(entry string, down, right, stages, depth int) tile {
	height, width := 8*down, 4*right
	return tile{
		entry: entry, height: height, width: width, threads: 256,
		shared: max(stages*(height+width)*(depth+4), 8*height*(width+1)) * 4,
	}
}

// inStretches returns a tile whose sums eight blocks share.
func (t tile) inStretches() tile {
	t.strands = longStretches
	return t
}

// simdShared is the memory of four tiles of A and B, 32 deep, with padding, in
// 16 bits.
func simdShared(height, width int) int {
	room := func(side int) int { return max(side*(32+8), 32*(side+8)) }
	return 4 * (room(height) + room(width)) * 2
}

// panelShared is the memory of three panels of A and B, 32 deep, with padding, in
// f32.
func panelShared(height, width int) int { return 3 * 32 * (height + 4 + width + 4) * 4 }

func tilesOf(file string, t cuda.Types) []tile {
	tensorCores := cuda.TensorCores(t)
	switch {
	case file == "smalln" && tensorCores:
		return smallnTensor
	case file == "smalln":
		return slices.Concat(smallnPlain, tilesIn(smallnWide), smallnLines)
	case file == "smalln_clusters" && singles(t):
		return slices.Concat(smallnPlain, tilesIn(smallnMapped), smallnLong, smallnMappedLong)
	case file == "smalln_clusters":
		return slices.Concat(smallnPlain, tilesIn(smallnWide), smallnLong)
	case file == "simd" && tensorCores:
		return simdTensor
	case file == "simd" && singles(t):
		return simdPanels
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

// singles says that A and B are f32.
func singles(t cuda.Types) bool { return t.A == "f32" && t.B == "f32" }

// smallnTile takes the narrowest tile that holds all columns, whatever the
// key's bucket: wide products are many jobs together. Tall tiles are for tall
// matrices, which have enough of them.
func smallnTile(key kernels.Key, args *shaders.MatmulArguments, gpu GPU) tile {
	types := typesOf(key)
	switch file := fileOf("smalln", types, gpu); {
	case file == "smalln_hopper":
		return smallnHopperTile(args, gpu)
	case cuda.TensorCores(types):
		return smallnTensorTile(args)
	}
	return smallnPlainTile(singles(types), args, gpu)
}

func smallnTensorTile(args *shaders.MatmulArguments) tile {
	best := smallnTensor[0]
	for _, t := range smallnTensor[1:] {
		tall := t.height > smallnTensor[0].height
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

// A K of more than longK is cut into longStretches.
const longK, longStretches = 4096, 8

// smallnPlainTile takes high tiles only for enough of them.
func smallnPlainTile(single bool, args *shaders.MatmulArguments, gpu GPU) tile {
	if args.K > longK && (args.N <= 2 || gpu.Hopper) {
		return smallnLongTile(single, args)
	}
	wide := smallnWide
	if single && gpu.Hopper {
		wide = smallnMapped
	}
	if enoughWide(wide, args, gpu) {
		return smallnWideTile(wide, args, gpu)
	}
	best := smallnPlain[0]
	for _, t := range smallnPlain[1:] {
		enough := t.blocks(args) >= enoughTiles && t.shared <= gpu.Shared
		wider := t.width > best.width && int(args.N) > best.width
		if wider || t.width == best.width && enough {
			best = t
		}
	}
	return best
}

// smallnLongTile takes the narrowest tile that holds all columns.
func smallnLongTile(single bool, args *shaders.MatmulArguments) (t tile) {
	all := smallnLong
	if single && args.N > 16 && mappable(args) {
		all = smallnMappedLong
	}
	for _, t = range all {
		if int(args.N) <= t.width {
			break
		}
	}
	return t
}

func simdTile(key kernels.Key, args *shaders.MatmulArguments, gpu GPU) tile {
	types := typesOf(key)
	return sized(key, args, gpu, tilesOf(fileOf("simd", types, gpu), types))
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
		if t.blocks(args) >= enoughTiles && t.shared <= gpu.Shared && int(args.M) > best.height && int(args.N) > best.width {
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
		Blocks:  [3]int{ceil(args.M, t.height) * ceil(args.N, t.width) * max(1, t.strands), 1, int(args.Batches)},
		Threads: [3]int{t.threads, 1, 1},
	}
}
