//go:build darwin || linux

package metal

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

// model is what vectors on a device hold, computed in the plainest way.
type model struct {
	*simulated
	random  *rand.Rand
	vectors []device.Region
	values  []float32            // of all elements of each vector
	scales  []device.Dispatch    // alpha times one vector to another, by kernel
	want    map[*float32]float32 // what copies to the caller bring
}

// Random batches, committed at once, do what they would do one step after the
// other.
func TestRandomBatches(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	for round := range 30 {
		m := &model{simulated: s, random: rand.New(rand.NewPCG(1, uint64(round))), want: map[*float32]float32{}}
		m.fill(q)
		const batches = 12
		ends := make(chan ended, batches)
		for i := range batches {
			commit(q, ends, uint64(i), m.batch()...)
		}
		for i := range batches {
			e := <-ends
			require.NoError(t, e.err, "round %d", round)
			require.EqualValues(t, i, e.id)
		}
		for got, want := range m.want {
			require.Equal(t, want, *got, "round %d", round)
		}
		for i, v := range m.vectors {
			require.Equal(t, m.values[i], floats(v.Buffer)[width-1], "round %d, vector %d", round, i)
		}
	}
}

// fill makes vectors and the kernels that work on them.
func (m *model) fill(q device.Queue) {
	for i := range 4 {
		space := []device.Space{device.SpaceDevice, device.SpaceShared}[i%2]
		v, start := m.vector(space), make([]float32, width)
		for j := range start {
			start[j] = float32(i + 1)
		}
		require.NoError(m, run(q, transfer(v, column(start))))
		m.vectors, m.values = append(m.vectors, v), append(m.values, start[0])
	}
	for _, kernel := range []string{"matmul_gemv", vendorKernel} {
		m.scales = append(m.scales, m.scaling(kernel, 1, m.vectors[0], m.vectors[1]))
	}
}

// batch returns some stages of steps that do not depend on each other, and
// perhaps copies from and to the caller at the end.
func (m *model) batch() (stages []device.Stage) {
	for range 2 + m.random.IntN(4) {
		var s device.Stage
		order := m.random.Perm(len(m.vectors))
		for i := 0; i+1 < len(order) && m.random.IntN(4) > 0; i += 2 {
			m.step(&s, order[i], order[i+1])
		}
		stages = append(stages, s)
	}
	var last device.Stage
	for i := range m.vectors {
		host := make([]float32, width)
		switch m.random.IntN(4) {
		case 0:
			last.Copies = append(last.Copies, device.Copy{Dst: column(host), Src: m.vectors[i]})
			m.want[&host[width-1]] = m.values[i]
		case 1:
			m.values[i] = float32(1 + m.random.IntN(9))
			for j := range host {
				host[j] = m.values[i]
			}
			last.Copies = append(last.Copies, device.Copy{Dst: m.vectors[i], Src: column(host)})
		}
	}
	return append(stages, last)
}

// step copies one vector to another, or scales it on the way.
func (m *model) step(s *device.Stage, to, from int) {
	alpha := []float32{0, 0.5, 2, -1}[m.random.IntN(4)]
	m.values[to] = m.values[from]
	if m.random.IntN(3) == 0 {
		s.Copies = append(s.Copies, device.Copy{Dst: m.vectors[to], Src: m.vectors[from]})
		return
	}
	d := m.scales[m.random.IntN(len(m.scales))]
	product := *d.Matmul
	product.B, product.C = m.vectors[from], m.vectors[to]
	product.Runs = []device.Run{{Columns: 1, Alpha: alpha, Bias: -1}}
	d.Matmul = &product
	s.Dispatches = append(s.Dispatches, d)
	m.values[to] *= alpha
}
