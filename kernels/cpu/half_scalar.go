//go:build !amd64 || noasm

package cpu

// There are no generated functions: they take none of the elements.

func widenVector([]float32, line) int             { return 0 }
func storeVector(line, []float32, float32) int    { return 0 }
func dotVector(line, []float32, *[64]float32) int { return 0 }
