package msl

import "fmt"

// Runner runs jobs: a Library in this process, a Process in its own.
type Runner interface {
	// Run runs one job to its end. Jobs of one Runner run one after another; any
	// goroutine may call. Errors wrap one of the package's, or are a
	// *SanitizerError. After an error the buffers' contents are undefined.
	Run(job Job) error
}

// Job is one dispatch of a kernel.
type Job struct {
	Kernel string
	// Constants are the values of function constants by index, little-endian.
	Constants map[int][]byte
	// Buffers are the memory by [[buffer(index)]], written in place. Slices that
	// share memory share it for the kernel, too.
	Buffers map[int][]byte
	// Threadgroup is the bytes of dynamic threadgroup memory by index.
	Threadgroup map[int]int
	// Groups is the threadgroups of the grid, Threads the threads of each.
	Groups, Threads [3]int
	// Schedule chooses which thread goes on. The zero value is Forward.
	Schedule Schedule
}

// Schedule is the order in which threads take turns: it changes nothing in a
// correct kernel.
type Schedule struct {
	order, seed uint32
}

// Forward and Reverse go through threads and threadgroups in the order of their
// index and against it.
var (
	Forward = Schedule{}
	Reverse = Schedule{order: 1}
)

// Random is a pseudo-random order, always the same for one seed.
func Random(seed uint32) Schedule { return Schedule{order: 2, seed: seed} }

func (s Schedule) String() string {
	switch s.order {
	case 0:
		return "forward"
	case 1:
		return "reverse"
	}
	return fmt.Sprintf("random(%d)", s.seed)
}

// validate checks what the runtime cannot.
func (j *Job) validate() error {
	for i := range j.Buffers {
		if i < 0 || i > maxIndex {
			return fmt.Errorf("msl: buffer %d: %w, 0 to %d are allowed", i, ErrIndex, maxIndex)
		}
	}
	for i, n := range j.Threadgroup {
		if i < 0 || i > maxIndex {
			return fmt.Errorf("msl: threadgroup memory %d: %w, 0 to %d are allowed", i, ErrIndex, maxIndex)
		}
		if n < 0 || n > 32<<10 {
			return fmt.Errorf("msl: threadgroup memory %d: %w: %d bytes, 0 to 32768 are allowed", i, ErrThreadgroupMemory, n)
		}
	}
	for i := range 3 {
		if g, t := j.Groups[i], j.Threads[i]; g < 1 || t < 1 || int64(g)*int64(t) > 1<<31 {
			return fmt.Errorf("msl: %w: %v threadgroups of %v threads", ErrGrid, j.Groups, j.Threads)
		}
	}
	return nil
}
