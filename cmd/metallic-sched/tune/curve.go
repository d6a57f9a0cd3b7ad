package tune

import (
	"cmp"
	"slices"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// curves returns t(N) of every family and class in the order they were met.
func curves(cells []*cell) (out []profile.Curve) {
	at := map[[2]string]int{}
	for _, c := range cells {
		for _, e := range c.entrants {
			if len(e.times) == 0 {
				continue
			}
			key := [2]string{e.family, c.class}
			i, known := at[key]
			if !known {
				i = len(out)
				at[key] = i
				out = append(out, profile.Curve{Family: e.family, Class: c.class})
			}
			low, median, high := quartiles(e.times)
			out[i].Points = append(out[i].Points, profile.Point{X: c.x, Time: median, Low: low, High: high, Rounds: len(e.times)})
		}
	}
	return out
}

// learn returns what a cost model makes of all times: every round of a cell, as
// if batches had taken so long.
func learn(info device.Info, cells []*cell) []policy.Correction {
	m := policy.NewCostModel(policy.Prior{Bandwidth: info.Bandwidth, Flops: info.Flops, Launch: info.Launch})
	for round := range mostRounds {
		for _, c := range cells {
			for _, e := range c.entrants {
				if round < len(e.times) {
					m.Observe(e.work, e.times[round])
				}
			}
		}
	}
	return m.Corrections()
}

// gains compares two kernels of every cell, by what the cell is: pick returns
// them, nil for a cell that has only one. It returns the gains over all classes
// by x, and of each class.
func gains(cells []*cell, pick func(*cell) (below, above *entrant)) (points []profile.Gain, classes []profile.ClassGain) {
	at, of := map[int][]sample{}, map[string]int{}
	for _, c := range cells {
		s := against(pick(c))
		if len(s) == 0 {
			continue
		}
		at[c.x] = append(at[c.x], s)
		i, known := of[c.class]
		if !known {
			i = len(classes)
			of[c.class] = i
			classes = append(classes, profile.ClassGain{Class: c.class})
		}
		classes[i].Gains = append(classes[i].Gains, s.gain(c.x))
	}
	for x, all := range at {
		points = append(points, overall(all, x))
	}
	slices.SortFunc(points, func(a, b profile.Gain) int { return cmp.Compare(a.X, b.X) })
	return points, classes
}
