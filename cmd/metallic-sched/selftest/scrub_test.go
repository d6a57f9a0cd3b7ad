package selftest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScrub(t *testing.T) {
	s := scrubber([]string{"/Users/Ann Lee/project", "/Users/Ann Lee", "", "/"}, map[string]string{"annlee": "USER", "ann-mac.local": "HOST", "": "NOBODY", "x": "SHORT"})
	for text, want := range map[string]string{
		"    Error Trace:	/Users/Ann Lee/project/device/suite.go:12": "    Error Trace:	suite.go:12",
		"\t/usr/local/go/src/testing/testing.go:1934 +0xed":          "\ttesting.go:1934 +0xed",
		`open "/Users/Ann Lee/x/y.so": no such file`:                 `open "y.so": no such file`,
		"/opt/lib/a.so and /opt/b.so":                                "a.so and b.so",
		"from annlee@ann-mac.local, not annleex":                     "from USER@HOST, not annleex",
		"matmul_mlx/f16,f16,f32/ta 3/4 GB/s":                         "matmul_mlx/f16,f16,f32/ta 3/4 GB/s",
		"(libopenblas.so.0), x":                                      "(libopenblas.so.0), x",
		"dyld: /System/Library/Frameworks/Metal.framework/Metal":     "dyld: Metal",
		"": "",
	} {
		require.Equal(t, want, s(text))
	}
}

func TestScrubberOfThisMachine(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := t.TempDir()
	require.Equal(t, "file.go:1", Scrubber()(dir+"/file.go:1"))
}
