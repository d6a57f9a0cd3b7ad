//go:build linux && (amd64 || arm64)

package cuda

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// softmaxes starts a softmax for rows of every length that is shared by other
// numbers of threads, in every layout, in place and not, with masks and without.
func (b *entryBench) softmaxes(t *testing.T, row *kernels.Row, key kernels.Key) {
	for i, cols := range []int{5, 1000, 2500, 8192, 9001} {
		if row.MaxCols > 0 && cols > row.MaxCols {
			continue
		}
		for j, layout := range kerneltest.Layouts {
			for k, odd := range []bool{false, true} {
				b.softmax(t, row, key, tensor.Dims{2, 3, cols}, layout, odd, i+j+k)
			}
		}
	}
}

func (b *entryBench) softmax(t *testing.T, row *kernels.Row, key kernels.Key, dims tensor.Dims, layout kerneltest.Layout, odd bool, turn int) {
	s := &kerneltest.Softmax{
		Name: "rows", X: kerneltest.NewOperand(key.A, dims, layout, false),
		Rows: []kerneltest.RowRun{{Rows: 4, Cols: dims[2], Limit: dims[2]}, {Rows: 2, Cols: dims[2] - 1, Limit: dims[2]}},
	}
	if s.Y = s.X; turn%2 == 0 {
		s.Y = kerneltest.NewOperand(key.C, dims, kerneltest.Layouts[turn%len(kerneltest.Layouts)], false)
	}
	if turn%3 > 0 {
		s.Causal, s.Offset = true, turn%3 > 1
		s.Rows[0].Limit, s.Rows[0].Step = 1-turn%3, dims[2]/3
	}
	s.X.Fill(func(int, int, int) float32 { return float32(b.random.NormFloat64()) })
	s.X.Seal()
	s.Y.Seal()
	place := placement{bench: b, odd: odd}
	bound := &device.Softmax{X: place.put(t, s.X)}
	if bound.Y = bound.X; s.Y != s.X {
		bound.Y = place.put(t, s.Y)
	}
	for _, r := range s.Rows {
		bound.Rows = append(bound.Rows, device.RowRun(r))
	}
	place.run(t, s.Key(row, b.device.info.Caps), device.Dispatch{Softmax: bound}, s.Y)
	require.NoError(t, s.Check(false), "%v", s)
}

// copies starts copies on the GPU, along the lines of both sides and across
// those of one.
func (b *entryBench) copies(t *testing.T, key kernels.Key) {
	dims := tensor.Dims{2, 37, 70}
	for _, from := range kerneltest.Layouts {
		for _, to := range kerneltest.Layouts {
			src, dst := kerneltest.NewOperand(key.A, dims, from, false), kerneltest.NewOperand(key.A, dims, to, false)
			src.Fill(func(i, j, k int) float32 { return float32((i*37+j)*70+k) / 4 })
			src.Seal()
			dst.Seal()
			place := placement{bench: b, odd: from == to}
			c := device.Copy{Src: place.put(t, src), Dst: place.put(t, dst)}
			_, err := device.Await(b.queue, device.Stage{Copies: place.up}, device.Stage{Copies: []device.Copy{c}},
				device.Stage{Copies: []device.Copy{place.there[dst]}})
			require.NoError(t, err)
			b.launches++
			place.free()
			require.NoError(t, dst.Changed(func(int, int, int) bool { return true }))
			for i := range dims[0] {
				for j := range dims[1] {
					for k := range dims[2] {
						require.Equal(t, src.Bits(i, j, k), dst.Bits(i, j, k), "%v to %v: (%d, %d, %d)", from, to, i, j, k)
					}
				}
			}
		}
	}
}
