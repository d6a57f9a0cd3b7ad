//go:build linux && (amd64 || arm64)

package driver

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// graph is a rig's batch as a graph of the driver's, which is made by capturing
// it. What another batch of the same kind would change can be set anew: the
// kernel's grid and parameter, and the copies' addresses and lengths.
type graph struct {
	rig     *rig
	calls   *library // of the functions below
	exec    uintptr
	context uintptr
	kernel  uintptr   // its node
	copies  []uintptr // their nodes
	launch  kernelParameters
	pointer [1]unsafe.Pointer
	moves   [2][32]uint64 // CUDA_MEMCPY3D, as the driver says
}

// kernelParameters is CUDA_KERNEL_NODE_PARAMS_v2.
type kernelParameters struct {
	function    uintptr
	grid, block [3]uint32
	_           [2]uint32 // shared memory
	parameters  uintptr
	_           [3]uintptr
}

const (
	graphBegin = iota
	graphEnd
	graphInstantiate
	graphNodes
	graphNodeType
	graphMemcpy
	graphSetKernel
	graphSetMemcpy
	graphLaunch
	graphContext
)

var graphNames = []string{
	"cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuGraphGetNodes", "cuGraphNodeGetType",
	"cuGraphMemcpyNodeGetParams", "cuGraphExecKernelNodeSetParams_v2", "cuGraphExecMemcpyNodeSetParams", "cuGraphLaunch", "cuCtxGetCurrent",
}

const captureRelaxed, nodeKernel, nodeMemcpy = 2, 0, 1

func newGraph(b *testing.B, r *rig, batch func() error) *graph {
	g := &graph{rig: r, calls: &library{handle: r.cuda.handle}}
	for _, name := range graphNames {
		g.calls.add(name)
	}
	require.NoError(b, r.With(func() error { return g.capture(batch) }))
	require.Len(b, g.copies, len(g.moves))
	require.NotZero(b, g.kernel)
	return g
}

//go:uintptrescapes
func (g *graph) do(function int, args ...uintptr) error {
	if code := g.calls.call(function, args...); code != 0 {
		return fmt.Errorf("%s: %d", graphNames[function], code)
	}
	return nil
}

func (g *graph) capture(batch func() error) error {
	var made uintptr
	var nodes [8]uintptr
	n := uint64(len(nodes))
	err := inTurn(
		func() error { return g.do(graphContext, uintptr(unsafe.Pointer(&g.context))) },
		func() error { return g.do(graphBegin, g.rig.stream.handle, captureRelaxed) },
		batch,
		func() error { return g.do(graphEnd, g.rig.stream.handle, uintptr(unsafe.Pointer(&made))) },
		func() error { return g.do(graphInstantiate, uintptr(unsafe.Pointer(&g.exec)), made, 0) },
		func() error {
			return g.do(graphNodes, made, uintptr(unsafe.Pointer(&nodes)), uintptr(unsafe.Pointer(&n)))
		},
	)()
	for i := 0; err == nil && i < int(n); i++ {
		err = g.note(nodes[i])
	}
	g.pointer[0] = unsafe.Pointer(&g.rig.parameter)
	g.launch = kernelParameters{
		function: g.rig.kernel.handle, parameters: uintptr(unsafe.Pointer(&g.pointer)),
		grid: [3]uint32{uint32(rigGrid[0]), 1, 1}, block: [3]uint32{uint32(rigBlock[0]), 1, 1},
	}
	return err
}

// note keeps a node and what it does.
func (g *graph) note(node uintptr) error {
	var kind int32
	if err := g.do(graphNodeType, node, uintptr(unsafe.Pointer(&kind))); err != nil {
		return err
	}
	switch kind {
	case nodeKernel:
		g.kernel = node
		return nil
	case nodeMemcpy:
		g.copies = append(g.copies, node)
		return g.do(graphMemcpy, node, uintptr(unsafe.Pointer(&g.moves[len(g.copies)-1])))
	}
	return fmt.Errorf("a node of type %d", kind)
}

// run returns a call that launches the graph, anew says after all was set again.
func (g *graph) run(anew bool) func() error {
	launch := func() error { return g.do(graphLaunch, g.exec, g.rig.stream.handle) }
	if !anew {
		return launch
	}
	return func() error {
		if err := g.do(graphSetKernel, g.exec, g.kernel, uintptr(unsafe.Pointer(&g.launch))); err != nil {
			return err
		}
		for i, node := range g.copies {
			if err := g.do(graphSetMemcpy, g.exec, node, uintptr(unsafe.Pointer(&g.moves[i])), g.context); err != nil {
				return err
			}
		}
		return launch()
	}
}
