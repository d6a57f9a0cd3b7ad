package policy

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
)

func TestTile(t *testing.T) {
	const mib = 1 << 20
	for name, x := range map[string]struct {
		batch, group, rows, keys int
		causal                   bool
		scratch                  int
		want                     kernels.Tiling
		reason                   string
	}{
		"all at once":         {14, 1, 512, 512, false, 64 * mib, kernels.Tiling{Heads: 14, Rows: 512}, "all rows: 512 of 512 rows and 14 of 14 K/V heads at a time, for scores of up to 67108864 bytes"},
		"not told":            {14, 1, 512, 512, false, 0, kernels.Tiling{Heads: 14, Rows: 512}, "all rows"},
		"some heads":          {14, 1, 512, 512, false, 4 * mib, kernels.Tiling{Heads: 4, Rows: 512}, "all rows"},
		"some rows":           {14, 1, 2048, 2048, false, 4 * mib, kernels.Tiling{Heads: 1, Rows: 448}, "as many rows as have room"},
		"whole tiles":         {14, 1, 2048, 2049, false, 4 * mib, kernels.Tiling{Heads: 1, Rows: 448}, "as many rows as have room"},
		"few rows":            {1, 1, 2048, 100_000, false, 4 * mib, kernels.Tiling{Heads: 1, Rows: 10}, "as many rows as have room"},
		"a row":               {1, 8, 2048, 1 << 40, false, 4 * mib, kernels.Tiling{Heads: 1, Rows: 1}, "as many rows as have room"},
		"groups":              {2, 7, 512, 512, false, 4 * mib, kernels.Tiling{Heads: 1, Rows: 256}, "as many rows as have room"},
		"decode":              {14, 1, 1, 512, true, 4 * mib, kernels.Tiling{Heads: 14, Rows: 1}, "all rows"},
		"causal":              {14, 1, 2048, 2048, true, 5 * mib, kernels.Tiling{Heads: 2, Rows: 256}, "fewer rows, to leave out more masked keys"},
		"causal, short":       {14, 1, 512, 512, true, 4 * mib, kernels.Tiling{Heads: 14, Rows: 128}, "fewer rows"},
		"causal, a large GPU": {14, 1, 512, 512, true, 64 * mib, kernels.Tiling{Heads: 14, Rows: 512}, "all rows"},
		"one key":             {1, 1, 1 << 20, 1, false, 4 * mib, kernels.Tiling{Heads: 1, Rows: 1 << 16}, "as many rows as have room"},
		"nothing":             {0, 0, 0, 0, true, 4 * mib, kernels.Tiling{Heads: 1, Rows: 1}, "all rows"},
	} {
		p := kernels.Problem{Group: x.group, Causal: x.causal, Shape: kernels.Shape{Batch: x.batch, M: x.rows, N: x.keys}}
		got, reason := Tile(&p, x.scratch)
		require.Equal(t, x.want, got, name)
		require.Contains(t, reason, x.reason, name)
	}
}
