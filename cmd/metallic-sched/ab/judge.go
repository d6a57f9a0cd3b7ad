package ab

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Row is one benchmark, or all of them.
type Row struct {
	Name string `json:"name"`
	// A and B are the medians of the runs, with intervals at 95 %.
	A Interval `json:"a"`
	B Interval `json:"b"`
	// Change is that of B against A, the median of the pairs: 0.05 is 5 % more.
	// Its interval is at Level, at which the row was judged.
	Change  Interval `json:"change"`
	Level   float64  `json:"level"`
	Verdict Verdict  `json:"verdict"`
	// U is the p-value of the U test that benchstat makes. It knows nothing of
	// pairs, of other rows or of looks before; no verdict depends on it.
	U float64 `json:"u_test_p"`
	// Pairs are the changes of single pairs, in the order in which they ran.
	Pairs []float64 `json:"pairs"`
	// Need says what is missing where the verdict is Unsure.
	Need *Need `json:"need,omitempty"`
}

// AllRows is the name of the row of the geometric mean.
const AllRows = "geometric mean"

// judged is how many rows are judged if so many were measured.
func judged(rows int) int {
	if rows > 1 {
		return rows + 1
	}
	return rows
}

// pairs are the values of one row, in the order of the pairs.
type pairs struct {
	name string
	a, b []float64
	lost [2]float64 // parts of its jobs, the sum over runs
}

// changes are the logarithms of b / a.
func (p *pairs) changes() []float64 {
	out := make([]float64, len(p.a))
	for i := range out {
		out[i] = math.Log(p.b[i] / p.a[i])
	}
	return out
}

// judge tells what is known of each row, and of the geometric mean of several.
// alpha bounds the chance that any row whose sides are the same is found to
// differ; and the chance that any which differs by least or more is found
// equal. better is as for differs.
func judge(all []pairs, alpha, least float64, better int) []Row {
	all = withMean(all)
	rows, changes := make([]Row, len(all)), make([][]float64, len(all))
	for i := range all {
		rows[i].Name, changes[i] = all[i].name, slices.Sorted(slices.Values(all[i].changes()))
	}
	edge := math.Log1p(least)
	differ, differLevels := holm(len(rows), alpha, func(i int, level float64) bool {
		c := median(changes[i], level)
		return c.Low > 0 || c.High < 0
	})
	equal, equalLevels := holm(len(rows), alpha, func(i int, level float64) bool {
		c := median(changes[i], level)
		return c.Low > -edge && c.High < edge
	})
	for i := range rows {
		r := &rows[i]
		r.Level, r.Verdict = differLevels[i], Unsure
		switch c := median(changes[i], differLevels[i]); {
		case equal[i]:
			r.Level, r.Verdict = equalLevels[i], Equal
		case differ[i]:
			r.Verdict = differs(c.Low > 0, better)
		default:
			r.Need = need(c, r.Level, len(changes[i]), edge)
		}
		c := median(changes[i], r.Level)
		r.Change = Interval{math.Expm1(c.Mid), math.Expm1(c.Low), math.Expm1(c.High)}
	}
	return rows
}

// describe adds what no verdict depends on.
func describe(rows []Row, all []pairs) {
	for i, p := range withMean(all) {
		r := &rows[i]
		r.A, r.B, r.U, r.Pairs = median(p.a, 0.05), median(p.b, 0.05), uTest(&p), changesOf(&p)
	}
}

// withMean adds a row of the geometric means of several, run by run.
func withMean(all []pairs) []pairs {
	if len(all) == 1 {
		return all
	}
	mean := func(values func(*pairs) []float64) []float64 {
		out := make([]float64, len(values(&all[0])))
		for i := range out {
			logs := 0.0
			for j := range all {
				logs += math.Log(values(&all[j])[i])
			}
			out[i] = math.Exp(logs / float64(len(all)))
		}
		return out
	}
	return append(slices.Clip(all), pairs{
		name: AllRows,
		a:    mean(func(p *pairs) []float64 { return p.a }),
		b:    mean(func(p *pairs) []float64 { return p.b }),
	})
}

func uTest(p *pairs) float64 {
	sample := func(xs []float64) *benchmath.Sample {
		return benchmath.NewSample(slices.Clone(xs), &benchmath.DefaultThresholds)
	}
	return benchmath.AssumeNothing.Compare(sample(p.a), sample(p.b)).P
}
