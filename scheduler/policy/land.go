package policy

import "time"

const (
	// landJob is what it takes to end a job and wake its caller, landBandwidth
	// how fast one processor copies, landPiece what is worth waking another
	// processor for.
	landJob       = 400 * time.Nanosecond
	landBandwidth = 10 << 30
	landPiece     = 6 * time.Microsecond
)

// Landing returns how many jobs of a batch one processor should bring to their
// callers before it looks for more, if several may take part: few enough for
// all to have something to do, and enough to be worth it. bytes is how much
// there is to copy for all of them.
func Landing(jobs, bytes int) int {
	if jobs <= 0 {
		return 0
	}
	each := landJob + time.Duration(float64(bytes)/float64(jobs)/landBandwidth*float64(time.Second))
	return min(jobs, int(max(landPiece/each, 1)))
}
