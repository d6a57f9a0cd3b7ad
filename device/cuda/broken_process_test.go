//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestBrokenProcess has a kernel end with a trap, in a process of its own. The device
// is lost, and the driver gives that process no other: Open says so.
func TestBrokenProcess(t *testing.T) {
	const inside = "METALLIC_TEST_BROKEN_PROCESS"
	if os.Getenv(inside) == "" {
		require.NoError(t, needGPU(t).Close())
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestBrokenProcess$")
		cmd.Env = append(os.Environ(), inside+"=1", "REQUIRE_CUDA=1")
		output, err := cmd.CombinedOutput()
		require.NoError(t, err, string(output))
		require.Contains(t, string(output), "--- PASS: TestBrokenProcess")
		return
	}
	d := needGPU(t)
	q, err := d.NewQueue()
	require.NoError(t, err)
	require.ErrorIs(t, trap(t, d, q), device.ErrLost)
	_, err = Open(Config{})
	require.ErrorIs(t, err, device.ErrBroken, "while the lost one is there")
	require.ErrorIs(t, err, device.ErrUnavailable)
	require.NoError(t, q.Close())
	require.NoError(t, d.Close())
	_, err = Open(Config{})
	require.ErrorIs(t, err, device.ErrBroken, "when it is closed")
	t.Log(err)
}

// trap copies between buffers by a kernel that fails.
func trap(t *testing.T, d *Device, q device.Queue) error {
	k, text := launch.CopyKernel(tensor.F32), ""
	for _, e := range k.Entries() {
		text += fmt.Sprintf("extern \"C\" __global__ void %s() { __trap(); }\n", e.Name)
	}
	code, err := d.machineCode("trap.cu", text, d.architecture)
	require.NoError(t, err)
	require.NoError(t, d.context.With(func() (err error) {
		d.copies[0], err = d.load(code, k.Entries())
		return err
	}))
	var at [2]device.Region
	for i := range at {
		b, err := d.Alloc(device.SpaceDevice, 4096)
		require.NoError(t, err)
		at[i] = device.In(b, tensor.F32, tensor.Dims{1, 32, 32}, 0)
	}
	_, err = device.Await(q, device.Stage{Copies: []device.Copy{{Dst: at[0], Src: at[1]}}}, device.Stage{})
	return err
}

// Only what went wrong in this process makes it useless.
func TestOpenInABrokenProcess(t *testing.T) {
	for result, broken := range map[uintptr]bool{719: true, 700: true, 100: false, 2: false} {
		d, libraries := simulated(t, 1<<20)
		libraries.On = func(function string, _ int) uintptr {
			if function == "cuDevicePrimaryCtxRetain" {
				return result
			}
			return 0
		}
		_, err := d.context.Open(0)
		err = unavailable(err)
		require.ErrorIs(t, err, device.ErrUnavailable)
		if broken {
			require.ErrorIs(t, err, device.ErrBroken)
		} else {
			require.NotErrorIs(t, err, device.ErrBroken)
		}
		libraries.On = nil
		require.NoError(t, d.Close())
	}
}
