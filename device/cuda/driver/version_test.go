//go:build linux && (amd64 || arm64)

package driver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	v11 = Version{11, 8}
	v12 = Version{12, 4}
	v13 = Version{13, 0}
)

// The newest that the driver runs is looked for first, and newer ones last.
func TestFilesOfALibrary(t *testing.T) {
	for _, c := range []struct {
		driver Version
		want   []string
	}{
		{v11, []string{"libx.so", "libx.so.13", "libx.so.12"}},
		{v12, []string{"libx.so.12", "libx.so", "libx.so.13"}},
		{v13, []string{"libx.so.13", "libx.so.12", "libx.so"}},
		{Version{14, 1}, []string{"libx.so.14", "libx.so.13", "libx.so.12", "libx.so"}},
	} {
		var want []string
		for _, file := range c.want {
			want = append(want, file, "/usr/local/cuda/lib64/"+file)
		}
		require.Equal(t, want, filesOf("libx.so", c.driver), "%v", c.driver)
	}
}

func TestTooNewSaysWhatWouldDo(t *testing.T) {
	require.False(t, v12.Runs(v13))
	require.True(t, v12.Runs(v11))
	err := &TooNew{Library: "NVRTC", Path: "libnvrtc.so", Version: v13, Driver: v12}
	require.EqualError(t, err, "NVRTC 13.0 (libnvrtc.so) is too new: the driver is for CUDA 12.4; allowed are NVRTC 12 or older, or a driver for CUDA 13")
}
