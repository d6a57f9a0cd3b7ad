package ab

import (
	"context"
	"time"
)

// Config is what to compare and how.
type Config struct {
	// Run runs a side once, in a new process, and returns what it prints.
	Run func(ctx context.Context, side Side) ([]byte, error)
	// Runs is how many runs of each side there are before the one look at
	// them. 0: as many as are needed, for at most For.
	Runs int
	For  time.Duration
	Seed uint64 // of the order
	// Alpha bounds the chance that any row whose sides are the same is found to
	// differ, and the chance that any which differs by Least, a fraction, or
	// more is found equal. Both count all rows and all looks.
	Alpha, Least float64
	Unit         string   // that is compared, tidied or not
	Ignore       []string // keys in names that do not tell rows apart
	Raw          *Raw     // gets all runs but the first, uncounted pair; may be nil
	// Progress is told how it goes on, after each run. It may be nil.
	Progress func(Progress)
	Now      func() time.Time
}

// Progress is how far a contest is.
type Progress struct {
	Pairs, Runs    int // Runs is 0 if time limits
	Elapsed, Limit time.Duration
	Looks          int
	Unsure, Rows   int // at the last look
}
