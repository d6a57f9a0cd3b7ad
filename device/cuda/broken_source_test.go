//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
	shaders "github.com/metallic-sched/metallic-sched/shaders/cuda"
)

// brokenSource is a mistake in a source that compute-sanitizer should see: what
// it finds in the sources as they are says little if it does not.
type brokenSource struct {
	tool, file, types string // all three types are the same
	function          string
	from, to          string // of the text
}

var brokenSources = []brokenSource{
	{"racecheck", "simd", "f16", "matmul_simd", "__syncthreads(); // this tile is there; the one before was used", ""},
	{"racecheck", "mlx", "f32", "matmul_mlx", "__syncthreads();\n    if (first + depth < end) {", "if (first + depth < end) {"},
	{"racecheck", "softmax_block", "f32", "softmax_block", "__syncthreads();\n  value = lane", "value = lane"},
	{"racecheck", "simd_hopper", "f16", "matmul_simd", "groupBarrier(group);\n    finishPart", "finishPart"},
	{"racecheck", "smalln_hopper", "f16", "matmul_smalln_n16_by4", "clusterBarrier();\n    finishTogether", "finishTogether"},
	{"racecheck", "smalln_clusters", "f32", "matmul_smalln_n32_mapped_low", "tile.put(sums, first);\n      Tile::allThreads(); // this part's sums are there", "Tile::allThreads();\n      tile.put(sums, first);"},
	{"memcheck", "softmax_vec", "f32", "softmax_vec", "c + k < row.attended ? widen", "true ? widen"},
	{"memcheck", "simd_hopper", "f16", "matmul_simd", "if (k + e < end) {", "{"},
}

func (x *brokenSource) name() string { return x.tool + "/" + x.file }

func (x *brokenSource) kernel() launch.Kernel {
	return launch.Kernel{File: x.file, Types: shaders.Types{A: x.types, B: x.types, C: x.types}}
}

// source returns the text with the mistake.
func (x *brokenSource) source(t *testing.T) string {
	text, err := x.kernel().Source()
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(text, x.from), "where the mistake is made in %s.cu", x.file)
	return strings.Replace(text, x.from, x.to, 1)
}

// TestBrokenSources names them, and needs no GPU.
func TestBrokenSources(t *testing.T) {
	for _, x := range brokenSources {
		t.Run(x.name(), func(t *testing.T) { x.source(t) })
	}
}

var brokenName = flag.String("cuda.broken", "", "which of TestBrokenSources TestBrokenSource runs, such as racecheck/simd")

// TestBrokenSource runs one of them. Results are of no interest: what the tool
// says of it is.
func TestBrokenSource(t *testing.T) {
	if *brokenName == "" {
		t.Skip("NOT RUN: a mistake for compute-sanitizer to find, on a machine with an NVIDIA GPU and that tool: make cuda-sanitize")
	}
	i := slices.IndexFunc(brokenSources, func(x brokenSource) bool { return x.name() == *brokenName })
	require.NotEqual(t, -1, i, "-cuda.broken %q", *brokenName)
	x := &brokenSources[i]
	first := needGPU(t)
	d, err := open(Config{portable: !shaders.Hopper(x.file) && !shaders.Clusters(x.file)})
	require.NoError(t, errors.Join(err, first.Close()))
	code, err := d.machineCode(x.file+".cu", x.source(t), d.architecture)
	require.NoError(t, err)
	_, err = d.modules.Get(x.kernel(), func() (f *functions, err error) {
		err = d.context.With(func() (err error) {
			f, err = d.load(code, x.kernel().Entries())
			return err
		})
		return f, err
	})
	require.NoError(t, err)
	b := newEntryBench(t, d)
	defer func() { // racecheck speaks when the context ends
		t.Log(b.queue.Close(), d.Close())
	}()
	t.Run(x.function, func(t *testing.T) { b.start(t, modulesOf(t, d.gpu)[x.kernel()], x.function) })
}
