//go:build darwin || linux

package metal

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

func TestFailed(t *testing.T) {
	command := func(code int) error {
		return &mtl.Error{Op: "command buffer", Domain: mtl.CommandErrors, Code: code, Text: "Metal's words"}
	}
	for code, want := range map[int]error{
		mtl.CodeOutOfMemory:   device.ErrOutOfMemory,
		mtl.CodeDeviceRemoved: device.ErrLost,
		mtl.CodeAccessRevoked: device.ErrLost,
		mtl.CodeNotPermitted:  device.ErrLost,
	} {
		err := failed("matmul_gemv", command(code))
		require.ErrorIs(t, err, want)
		require.ErrorContains(t, err, "Metal's words")
	}
	for _, err := range []error{
		command(mtl.CodeTimeout), command(mtl.CodePageFault), command(mtl.CodeInternal), command(99),
		&mtl.Error{Domain: "AnotherDomain", Code: mtl.CodeOutOfMemory, Text: "Metal's words"},
		errors.New("not Metal's words, but as good"),
	} {
		var kernel *device.KernelError
		got := failed("matmul_gemv", err)
		require.ErrorAs(t, got, &kernel)
		require.Equal(t, "matmul_gemv", kernel.Kernel)
		require.ErrorIs(t, got, err)
		require.NotErrorIs(t, got, device.ErrOutOfMemory)
	}
}
