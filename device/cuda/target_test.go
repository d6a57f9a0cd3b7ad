//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// Only a Hopper is asked whether it can have kernels of its own; where it cannot,
// it has those of others, and the reason in one line.
func TestTargets(t *testing.T) {
	refused := errors.New("NVRTC 12.0: nvrtcCompileProgram: result 6: hopper.cu(90): error: no such instruction\nand more")
	never := func() error { t.Error("asked for a GPU that is no Hopper"); return nil }
	require.Equal(t, target{architecture: "sm_80"}, targetOf(8, 0, never))
	require.Equal(t, target{architecture: "sm_100"}, targetOf(10, 0, never))
	require.Equal(t, target{architecture: "sm_90a", hopper: true}, targetOf(9, 0, func() error { return nil }))
	require.Equal(t, target{
		architecture: "sm_90",
		note:         "without the kernels of Hopper, slower: NVRTC 12.0: nvrtcCompileProgram: result 6: hopper.cu(90): error: no such instruction",
	}, targetOf(9, 0, func() error { return refused }))
}
