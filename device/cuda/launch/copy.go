package launch

import (
	"math"

	"github.com/metallic-sched/metallic-sched/shaders"
)

// A block of the copy kernel has a square of elements. The numbers are those of
// copy.cu.
const copySide, copyPass = 32, 8

// copyGrid arranges the arguments for the kernel, and returns its grid. There
// must be something to copy.
func copyGrid(args *shaders.CopyArguments) Grid {
	arrangeCopy(args)
	return Grid{
		Blocks:  [3]int{ceil(args.Cols, copySide) * ceil(args.Rows, copySide), 1, int(args.Batches)},
		Threads: [3]int{copySide * copyPass, 1, 1},
	}
}

// arrangeCopy describes the same copy so that neighbours in Dst stand in a row.
// A single row is cut into many where both sides allow it. Src.Row < Src.Col
// means afterwards that neighbours in Src stand in a column.
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
	if args.Rows == 1 && args.Cols%copySide == 0 {
		args.Rows, args.Cols = args.Cols/copySide, copySide
		dst.Row, src.Row = copySide*dst.Col, copySide*src.Col
	} else if args.Rows == 1 {
		dst.Row, src.Row = dst.Col, src.Col // one row lies anywhere
	}
}
