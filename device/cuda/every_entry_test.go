//go:build linux && (amd64 || arm64)

package cuda

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	shaders "github.com/metallic-sched/metallic-sched/shaders/cuda"
)

// TestEveryEntry starts every function of every module that jobs and the
// products of attentions can ask for, and checks the results: products of whole
// numbers to the last bit, softmaxes against float64. What the compiler made of a
// source says which functions there are: one that no dispatch starts fails the
// test. Products are as small as the choice of a function allows, for
// compute-sanitizer: see make cuda-sanitize.
func TestEveryEntry(t *testing.T) {
	d := needGPU(t)
	t.Logf("%s: %v", d.Info().Name, d.Info().Notes)
	if cacheDirectory() == "" {
		t.Setenv("METALLIC_CACHE_DIR", t.TempDir())
	}
	others, err := open(Config{portable: true}) // with the same context, which takes long under compute-sanitizer
	require.NoError(t, err)
	defer func() { require.NoError(t, errors.Join(others.Close(), d.Close())) }()
	modules := modulesOf(t, d.gpu)
	rest := modulesOf(t, others.gpu)
	maps.DeleteFunc(rest, func(k launch.Kernel, _ []kernels.Key) bool { return modules[k] != nil })
	files := everyEntry(t, d, modules)
	maps.Copy(files, everyEntry(t, others, rest))
	for _, file := range shaders.Files() {
		if (shaders.Hopper(file) || shaders.Clusters(file)) && !d.gpu.Hopper {
			t.Logf("NOT TESTED: %s.cu: this is no Hopper, or NVRTC or the driver are too old", file)
			continue
		}
		require.True(t, files[file], "no kernel of the catalog is made of %s.cu", file)
	}
}

// everyEntry returns the files of the modules.
func everyEntry(t *testing.T, d *Device, modules map[launch.Kernel][]kernels.Key) map[string]bool {
	files := map[string]bool{}
	var compiling errgroup.Group
	compiling.SetLimit(runtime.GOMAXPROCS(0))
	for k := range modules {
		files[k.File] = true
		compiling.Go(func() error { _, err := codeOf(d, k); return err }) // and keep it on disk
	}
	require.NoError(t, compiling.Wait())
	b := newEntryBench(t, d)
	defer func() { require.NoError(t, b.queue.Close()) }()
	functions := 0
	for _, k := range sorted(modules) {
		t.Run(fmt.Sprintf("%s/%s/%s-%s-%s", d.architecture, k.File, k.Types.A, k.Types.B, k.Types.C), func(t *testing.T) {
			all, before := functionsOf(t, d, k), b.launches
			for _, name := range all {
				t.Run(name, func(t *testing.T) { b.start(t, modules[k], name) })
			}
			functions += len(all)
			t.Logf("%d functions, %d launches", len(all), b.launches-before)
		})
	}
	t.Logf("%s: %d modules, %d functions, %d launches", d.architecture, len(modules), functions, b.launches)
	return files
}

func codeOf(d *Device, k launch.Kernel) ([]byte, error) {
	source, err := k.Source()
	if err != nil {
		return nil, err
	}
	return d.machineCode(k.File+".cu", source, d.architecture)
}

// everyType are the types of products: those of jobs, and those of attentions,
// whose weights are f32. The first allWays have all code that layouts matter to:
// products of f32, of 16 bits, and of both.
var everyType = [][3]tensor.DType{
	{tensor.F32, tensor.F32, tensor.F32},
	{tensor.F16, tensor.F16, tensor.F16},
	{tensor.F16, tensor.F32, tensor.F32},

	{tensor.BF16, tensor.BF16, tensor.BF16},
	{tensor.F16, tensor.F16, tensor.F32},
	{tensor.BF16, tensor.BF16, tensor.F32},
	{tensor.BF16, tensor.F32, tensor.BF16},
	{tensor.BF16, tensor.F32, tensor.F32},
	{tensor.F16, tensor.F32, tensor.F16},
	{tensor.F32, tensor.F16, tensor.F16},
	{tensor.F32, tensor.BF16, tensor.BF16},
	{tensor.F32, tensor.F16, tensor.F32},
	{tensor.F32, tensor.BF16, tensor.F32},
}

const allWays = 3

// modulesOf returns the modules of a GPU with the keys that they are for.
func modulesOf(t *testing.T, gpu launch.GPU) map[launch.Kernel][]kernels.Key {
	modules := map[launch.Kernel][]kernels.Key{}
	for _, dt := range []tensor.DType{tensor.F32, tensor.F16} {
		modules[launch.CopyKernel(dt)] = []kernels.Key{{Kernel: copyKernel, A: dt, B: dt, C: dt}}
	}
	for _, row := range kernels.Default {
		for _, types := range everyType {
			softmax := row.Family.Op() == kernels.OpSoftmax
			if row.NeedsVendor || softmax && (types[0] != types[1] || types[1] != types[2]) {
				continue
			}
			key := kernels.Key{Kernel: row.Name, A: types[0], B: types[1], C: types[2], Bucket: row.Bucket}
			k, err := launch.Compile(key, gpu)
			require.NoError(t, err)
			modules[k] = append(modules[k], key)
		}
	}
	return modules
}

func sorted(modules map[launch.Kernel][]kernels.Key) (all []launch.Kernel) {
	for k := range modules {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b launch.Kernel) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}

// functionsOf returns the functions of a module that its machine code has, and
// requires that they are those which package launch knows.
func functionsOf(t *testing.T, d *Device, k launch.Kernel) (all []string) {
	code, err := codeOf(d, k)
	require.NoError(t, err)
	compiled, err := entriesIn(code)
	require.NoError(t, err)
	var known []string
	for _, e := range k.Entries() {
		known = append(known, e.Name)
		if e.Shared > d.gpu.Shared {
			t.Logf("NOT TESTED: %s: it takes %d bytes of shared memory, the GPU has %d", e.Name, e.Shared, d.gpu.Shared)
			continue
		}
		all = append(all, e.Name)
	}
	require.ElementsMatch(t, compiled, known, "functions of the machine code, and those that package launch starts")
	return all
}

// entriesIn returns the entry points of machine code.
func entriesIn(code []byte) (names []string, err error) {
	const entry = 0x10 // STO_CUDA_ENTRY
	const version = 20 // NVRTC 12 writes CUDA's there, which package elf refuses
	code = slices.Concat(code[:version], []byte{1, 0, 0, 0}, code[version+4:])
	f, err := elf.NewFile(bytes.NewReader(code))
	if err != nil {
		return nil, err
	}
	symbols, err := f.Symbols()
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Other&entry != 0 {
			names = append(names, s.Name)
		}
	}
	return names, err
}

// TestEveryEntryHasAProduct is what of TestEveryEntry needs no GPU: package
// launch chooses each of its functions for some product.
func TestEveryEntryHasAProduct(t *testing.T) {
	for _, gpu := range []launch.GPU{{Shared: 227 << 10, Processors: 132, Hopper: true}, {Shared: 227 << 10, Processors: 108}} {
		b := &entryBench{device: &Device{gpu: gpu}}
		for k, keys := range modulesOf(t, gpu) {
			for _, e := range k.Entries() {
				row := kernels.Default.Find(keys[0].Kernel)
				if row == nil || row.Family.Op() == kernels.OpSoftmax {
					continue // started by name
				}
				require.NotNil(t, b.smallest(t, keys[0], e.Name), "%v: no product starts %s", k, e.Name)
			}
		}
	}
}
