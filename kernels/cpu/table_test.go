package cpu_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// TestTables checks the tables against the catalog: every kernel but the
// vendor's is here, and nothing else.
func TestTables(t *testing.T) {
	var matmuls, softmaxes []string
	for _, row := range kernels.Default {
		switch {
		case row.NeedsVendor:
		case row.Family.Op() == kernels.OpMatmul:
			matmuls = append(matmuls, row.Name)
		default:
			softmaxes = append(softmaxes, row.Name)
		}
	}
	require.ElementsMatch(t, matmuls, keys(cpu.Matmuls))
	require.ElementsMatch(t, softmaxes, keys(cpu.Softmaxes))
}

func keys[V any](m map[string]V) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	return names
}
