package peak

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFMA(t *testing.T) {
	require.Positive(t, FMA())
}

// TestReadStaysInside: the memory ends where its pages do, on most platforms
// or in most runs, and the race detector and checkptr look on.
func TestReadStaysInside(t *testing.T) {
	for _, n := range []int{0, 1, 511, 512, 513, chunk, chunk + 700, 1 << 20} {
		Read(make([]byte, n))
	}
}

func BenchmarkFMA(b *testing.B) {
	total := 0.0
	for b.Loop() {
		total += FMA()
	}
	b.ReportMetric(total/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkRead(b *testing.B) {
	memory := make([]byte, 256<<20)
	for i := range memory {
		memory[i] = byte(i)
	}
	b.SetBytes(int64(len(memory)))
	for b.Loop() {
		Read(memory)
	}
}
