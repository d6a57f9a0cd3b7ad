package cpu_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
)

// One target per kernel: make fuzz runs them all.

func FuzzGemv(f *testing.F)          { fuzz(f, "matmul_gemv") }
func FuzzSIMD(f *testing.F)          { fuzz(f, "matmul_simd") }
func FuzzMLX(f *testing.F)           { fuzz(f, "matmul_mlx") }
func FuzzSoftmaxVec(f *testing.F)    { fuzz(f, "softmax_vec") }
func FuzzSoftmaxBlock(f *testing.F)  { fuzz(f, "softmax_block") }
func FuzzSoftmaxOnline(f *testing.F) { fuzz(f, "softmax_block_online") }
func FuzzSoftmaxLegacy(f *testing.F) { fuzz(f, "softmax_legacy") }

func FuzzSmallN(f *testing.F) {
	fuzz(f, "matmul_smalln_n1", "matmul_smalln_n2", "matmul_smalln_n4", "matmul_smalln_n8", "matmul_smalln_n16")
}

// fuzz checks one of the kernels with every instruction set. What is packed
// beforehand gives the same bits as what is not.
func fuzz(f *testing.F, names ...string) {
	for seed := range uint64(40) {
		f.Add(seed, uint16(37*seed), uint16(11*seed), uint16(101*seed), oddBits[:len(oddBits)*int(seed%2)])
	}
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k uint16, raw []byte) {
		row := kernels.Default.Find(names[seed%uint64(len(names))])
		r := runner{scratch: new(cpu.Scratch)}
		impl := kerneltest.Implementation{
			Caps:    kernels.Caps{SIMDMatrix: true, SIMDWidth: 1, MaxThreadgroup: 1024},
			Matmul:  r.everyWay,
			Softmax: r.softmax,
		}
		for _, l := range cpu.Levels() {
			restore := cpu.Use(l)
			kerneltest.Fuzz(t, impl, row, seed, m, n, k, raw)
			restore()
		}
	})
}

// oddBits are where a fuzzer starts from: zeros, subnormals, the greatest and
// the least numbers, infinities and NaNs of all types.
var oddBits = func() (bits []byte) {
	for _, w := range []uint32{
		0, 1 << 31, 1, 0x807fffff, 0x00800000, math.Float32bits(math.MaxFloat32), 0x7f800000, 0xff800000,
		0x7fc00000, 0xffc12345, 0x7f800001, 0x7bff, 0xfbff, 0x0001, 0x8001, 0x0400, 0x7c00, 0xfc00, 0x7e00, 0xfd55,
	} {
		bits = binary.LittleEndian.AppendUint32(bits, w)
	}
	return bits
}()
