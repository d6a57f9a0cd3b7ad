package kerneltest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
)

func TestHunt(t *testing.T) {
	mistaken := false
	impl := Implementation{
		Caps: kernels.Caps{SIMDWidth: 1, MaxThreadgroup: 1, VendorHelp: "none"},
		Matmul: func(_ testing.TB, _ kernels.Key, m *Matmul) {
			plainMatmul(m)
			if mistaken && m.C.View.Len() > 0 {
				m.C.View.SetValue(0, 0, 0, 1e30)
			}
		},
		Softmax: func(_ testing.TB, _ kernels.Key, s *Softmax) { plainSoftmax(s) },
	}
	quiet := func() error { return nil }
	row := kernels.Default.Find("matmul_mlx")
	require.NoError(t, Hunt(impl, row, 1, quiet))
	require.NoError(t, Hunt(impl, kernels.Default.Find("softmax_vec"), 1, quiet))
	mistaken = true
	require.Error(t, Hunt(impl, row, 1, quiet))
	boom := errors.New("boom")
	require.ErrorIs(t, Hunt(impl, kernels.Default.Find("softmax_vec"), 1, func() error { return boom }), boom)
}
