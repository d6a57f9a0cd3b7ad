package cpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAttended(t *testing.T) {
	for _, c := range []struct {
		run  RowRun
		i    int
		want int
	}{
		{RowRun{Cols: 5, Limit: 5}, 9, 5},
		{RowRun{Cols: 5, Limit: math.MaxInt, Step: 1}, 9, 5},
		{RowRun{Cols: 5, Limit: 1, Step: 1}, 0, 1},
		{RowRun{Cols: 5, Limit: 1, Step: 1}, 3, 4},
		{RowRun{Cols: 5, Limit: 1, Step: 1}, 99, 5},
		{RowRun{Cols: 5, Limit: -3, Step: 1}, 2, 0},
		{RowRun{Cols: 5, Limit: -3, Step: 1}, 4, 1},
		{RowRun{Cols: 5, Limit: 7, Step: -1}, 4, 3},
		{RowRun{Cols: 0, Limit: 7}, 4, 0},
	} {
		require.Equal(t, c.want, c.run.attended(c.i), "row %d of %+v", c.i, c.run)
	}
}
