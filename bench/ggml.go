package main

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/metallic-sched/metallic-sched/device/dynlib"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// ggml is the library that ggml/CMakeLists.txt makes.
type ggml struct {
	version  func() string
	pool     func(threads int32) unsafe.Pointer
	poolFree func(pool unsafe.Pointer)
	sleep    func(pool unsafe.Pointer)
	mulMat   func(pool unsafe.Pointer, dtype int32, m, n, k int64, w, x, y unsafe.Pointer) unsafe.Pointer
	softMax  func(pool unsafe.Pointer, rows, cols int64, x, y unsafe.Pointer) unsafe.Pointer
	run      func(planned unsafe.Pointer) int32
	free     func(planned unsafe.Pointer)
}

// theGGML is nil without the library.
var theGGML *ggml

func openGGML(path string) (*ggml, error) {
	handle, err := dynlib.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ggml: %w", err)
	}
	g := &ggml{}
	for name, fn := range map[string]any{
		"peer_version": &g.version, "peer_pool": &g.pool, "peer_pool_free": &g.poolFree, "peer_sleep": &g.sleep,
		"peer_mul_mat": &g.mulMat, "peer_soft_max": &g.softMax, "peer_run": &g.run, "peer_free": &g.free,
	} {
		address, err := dynlib.Symbol(handle, name)
		if err != nil {
			return nil, fmt.Errorf("ggml: %w", err)
		}
		purego.RegisterFunc(fn, address)
	}
	return g, nil
}

var ggmlTypes = map[tensor.DType]int32{tensor.F32: 0, tensor.F16: 1, tensor.BF16: 2}

// entrant makes an entrant of something planned. end frees it.
func (g *ggml) entrant(pool, planned unsafe.Pointer) (e entrant, end func()) {
	return entrant{
		name: "ggml",
		run: once(func() {
			if status := g.run(planned); status != 0 {
				panic(fmt.Sprintf("ggml failed: %d", status))
			}
		}),
		settle: func() { g.sleep(pool) },
	}, func() { g.free(planned) }
}
