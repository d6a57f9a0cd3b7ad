package main

import (
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// softmaxRows is the number of rows of every softmax.
const softmaxRows = 4096

// softmax compares softmaxes in place. Rates count what is read and written.
func (s *session) softmax(m *machine) error {
	for _, dt := range []tensor.DType{tensor.F32, tensor.F16} {
		t := table{
			title:  fmt.Sprintf("Softmax of %d rows in place, %v, %d threads, GB/s read and written", softmaxRows, dt, m.threads),
			header: []string{"columns", "ours", "memcpy", "ggml", "of memcpy", "of ggml"},
		}
		var toCopy, toGGML geometric
		for _, cols := range s.rows {
			ours, copied, peer, err := s.normalise(m, dt, cols)
			if err != nil {
				return fmt.Errorf("%v, %d columns: %w", dt, cols, err)
			}
			row := []string{fmt.Sprint(cols), rate(ours), rate(copied), "-", percent(ours / copied), "-"}
			toCopy.add(ours / copied)
			if peer > 0 {
				toGGML.add(ours / peer)
				row[3], row[5] = rate(peer), ratio(ours/peer)
			}
			t.add(row...)
		}
		s.print(&t)
		line := fmt.Sprintf("softmax %v, %d threads: %s of memcpy", dt, m.threads, percent(toCopy.mean()))
		if toGGML.n > 0 {
			line += fmt.Sprintf(", %.2fx ggml (geometric means; least %.2fx)", toGGML.mean(), toGGML.least)
		}
		s.conclude("%s", line)
	}
	return nil
}

// normalise returns bytes a second of ours, memcpy and ggml.
func (s *session) normalise(m *machine, dt tensor.DType, cols int) (ours, copied, peer float64, err error) {
	var xs [3]*memory
	defer func() { free(xs[:]...) }()
	for i := range xs {
		if xs[i], err = m.matrix(dt, softmaxRows, cols); err != nil {
			return 0, 0, 0, err
		}
	}
	x, y, z := xs[0], xs[1], xs[2]
	entrants := []entrant{m.softmaxOf(x), m.memcpy(y, z)}
	if m.ggml != nil && dt == tensor.F32 { // it takes nothing else
		e, end := m.ggml.entrant(m.pool, m.ggml.softMax(m.pool, softmaxRows, int64(cols), z.ptr(), z.ptr()))
		defer end()
		entrants = append(entrants, e)
	}
	entrants[0].sample(1)
	if err := sumsToOne(x.View); err != nil {
		return 0, 0, 0, err
	}
	times := s.contest(entrants)
	bytes := 2 * float64(len(x.bytes()))
	ours, copied = bytes/times[0].Seconds(), bytes/times[1].Seconds()
	if len(times) > 2 {
		peer = bytes / times[2].Seconds()
	}
	return ours, copied, peer, nil
}

// softmaxOf is ours, with the kernel that the scheduler would choose.
func (m *machine) softmaxOf(x *memory) entrant {
	dt := x.View.DType()
	p := kernels.Problem{Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: 1, M: x.rows, N: x.cols}, A: dt, B: dt, C: dt}
	plan, err := policy.Select(p, m.device.Info().Caps, policy.DefaultPrefs(), kernels.Default)
	if err != nil {
		panic(err)
	}
	return m.ours("ours", plan.Key, device.Dispatch{Softmax: &device.Softmax{
		X: x.Region, Y: x.Region, Rows: []device.RowRun{{Rows: x.rows, Cols: x.cols, Limit: x.cols}},
	}})
}

// memcpy copies y to z on all threads.
func (m *machine) memcpy(y, z *memory) entrant {
	from, to := y.bytes(), z.bytes()
	part := (len(from) + m.threads - 1) / m.threads
	return entrant{name: "memcpy", run: func(times int) {
		m.together(func(t int) {
			lo, hi := t*part, min((t+1)*part, len(from))
			for range times {
				copy(to[lo:hi], from[lo:hi])
			}
		})
	}}
}

func sumsToOne(v tensor.View) error {
	for _, i := range []int{0, v.Rows() / 2, v.Rows() - 1} {
		sum := 0.0
		for j := range v.Cols() {
			sum += float64(v.Value(0, i, j))
		}
		if !(math.Abs(sum-1) < 0.01) {
			return fmt.Errorf("row %d sums to %v", i, sum)
		}
	}
	return nil
}
