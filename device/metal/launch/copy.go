package launch

import (
	"math"

	"github.com/metallic-sched/metallic-sched/shaders"
)

// A threadgroup of the copy kernel turns a square of elements, or copies a
// stretch of each of a few rows. The numbers are those of copy.metal.
const (
	copySide, copyPass = 32, 8
	copyPerThread      = 4
	copyThreads        = 256
)

// copyGrid arranges the arguments for the kernel, and returns its grid. There
// must be something to copy.
func copyGrid(args *shaders.CopyArguments) Grid {
	arrangeCopy(args)
	threads := [3]int{copySide, copyPass, 1}
	wide, high := copySide*copyPerThread, copyPass
	switch {
	case args.Src.Row < args.Src.Col:
		wide, high = copySide, copySide
	case args.Cols > copySide*copyPerThread:
		threads = [3]int{copyThreads, 1, 1}
		wide, high = copyThreads*copyPerThread, 1
	}
	return Grid{
		Groups:  [3]int{ceil(args.Cols, wide), ceil(args.Rows, high), int(args.Batches)},
		Threads: threads,
	}
}

// arrangeCopy describes the same copy so that neighbours in Dst stand in a row,
// and that rows are as long as they can be. Src.Row < Src.Col means afterwards
// that neighbours in Src stand in a column.
func arrangeCopy(args *shaders.CopyArguments) {
	dst, src := &args.Dst, &args.Src
	if args.Cols == 1 || args.Rows > 1 && dst.Row < dst.Col {
		args.Rows, args.Cols = args.Cols, args.Rows
		dst.Row, dst.Col = dst.Col, dst.Row
		src.Row, src.Col = src.Col, src.Row
	}
	all, cols := uint64(args.Rows)*uint64(args.Cols), int64(args.Cols)
	if all <= math.MaxInt32 && dst.Row == cols*dst.Col && src.Row == cols*src.Col {
		args.Rows, args.Cols = 1, uint32(all)
	}
	if args.Rows == 1 {
		dst.Row, src.Row = dst.Col, src.Col // one row lies anywhere
	}
}
