package policy

import "github.com/metallic-sched/metallic-sched/kernels"

// Step is a part of an attention: query rows [R0, R1) of K/V heads [H0, H1),
// and the keys that any of them attends to.
type Step struct {
	Job            int // whose it is, as its maker counts them
	H0, H1, R0, R1 int
	Group          int // query heads for each K/V head
	Keys           int
}

// Scores returns how many rows of scores the step has.
func (s *Step) Scores() int { return (s.H1 - s.H0) * s.Group * (s.R1 - s.R0) }

// AppendSteps appends the steps of K/V heads [h0, h1) of an attention. If it is
// causal its first row attends to offset+1 keys. Rows that attend to none have
// steps of their own.
func AppendSteps(to []Step, plan *kernels.Plan, job, offset, h0, h1 int) []Step {
	p, t := &plan.Problem, plan.Chain.Tiling
	masked := 0
	if p.Causal {
		masked = min(max(-offset, 0), p.Shape.M)
	}
	for ; h0 < h1; h0 += t.Heads {
		s := Step{Job: job, H0: h0, H1: min(h0+t.Heads, h1), R1: masked, Group: p.Group}
		if masked > 0 {
			to = append(to, s)
		}
		for s.R0 = masked; s.R0 < p.Shape.M; s.R0 = s.R1 {
			s.R1 = min(s.R0+t.Rows, p.Shape.M)
			if s.Keys = p.Shape.N; p.Causal {
				s.Keys = min(s.Keys, s.R1+offset)
			}
			to = append(to, s)
		}
	}
	return to
}

// Wave is steps whose scores lie in scratch memory at the same time.
type Wave struct {
	Steps int
	Rows  int // of scores
	Keys  int // the most of any step
	Pitch int // elements from row to row
}

// Scores returns the elements that the scores take, or far more than any memory
// has where an int may not hold them.
func (w *Wave) Scores() int {
	if float64(w.Rows)*float64(w.Pitch) > tooMany {
		return tooMany
	}
	return w.Rows * w.Pitch
}

const tooMany = 1 << 60

// NextWave returns as many of the first steps as have their scores in so many
// bytes, at least one. scratch 0 is for devices that do not say.
func NextWave(steps []Step, scratch int) (w Wave) {
	if scratch <= 0 {
		scratch = defaultScratch
	}
	for i := range steps {
		next := Wave{Steps: i + 1, Rows: w.Rows, Keys: w.Keys}
		if keys := steps[i].Keys; keys > 0 {
			next.Rows, next.Keys = w.Rows+steps[i].Scores(), max(w.Keys, keys)
		}
		next.Pitch = pitch(next.Keys)
		if i > 0 && float64(next.Rows)*float64(next.Pitch)*4 > float64(scratch) {
			return w
		}
		w = next
	}
	return w
}

// pitch returns the distance of rows of scores: whole cache lines, and for long
// ones not a large power of two, by which the rows of a block would crowd each
// other out of the caches.
func pitch(keys int) int {
	n := (min(keys, tooMany) + 15) / 16 * 16
	if n > 512 && n%256 == 0 {
		n += 16
	}
	return n
}
