//go:build linux

package metalsim

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

func TestDevice(t *testing.T) {
	p := start(t)
	p.runtime.Pool(func() { require.Equal(t, "Simulated Metal device", p.text(p.device, "name")) })
	require.EqualValues(t, 1, p.send(p.device, "hasUnifiedMemory")&1)
	require.EqualValues(t, 4<<30, p.send(p.device, "maxBufferLength"))
	require.EqualValues(t, 8<<30, p.send(p.device, "recommendedMaxWorkingSetSize"))
	require.EqualValues(t, 32<<10, p.send(p.device, "maxThreadgroupMemoryLength"))
	s := p.sendSize(p.device, p.runtime.Sel("maxThreadsPerThreadgroup"))
	require.Equal(t, []uint{1024, 1024, 1024}, []uint{s.width, s.height, s.depth})
	require.Equal(t, p.device, p.own(p.createDevice())) // the same one
	all := p.own(p.copyDevices())
	require.EqualValues(t, 1, p.send(all, "count"))
	require.Equal(t, p.device, p.send(all, "firstObject"))
}

func TestFamilies(t *testing.T) {
	p := start(t)
	supports := func(family uintptr) bool { return p.send(p.device, "supportsFamily:", family)&1 != 0 }
	for _, apple := range []uint64{6, 7, 9} {
		m := DefaultMachine()
		m.AppleFamily = apple
		p.sim.SetMachine(m)
		for family := uint64(1); family <= 10; family++ {
			require.Equal(t, family <= apple, supports(uintptr(1000+family)))
		}
		require.True(t, supports(2002))
		require.True(t, supports(3003))
		require.Equal(t, apple >= 7, supports(5001))
		require.False(t, supports(4001))
	}
}

// An older macOS lacks what came later.
func TestOlderMacOS(t *testing.T) {
	p := start(t)
	responds := func(o objc.ID, name string) bool {
		return p.send(o, "respondsToSelector:", uintptr(p.runtime.Sel(name)))&1 != 0
	}
	for _, macos := range []uint64{13, 14, 15} {
		m := DefaultMachine()
		m.MacOS = macos
		p.sim.SetMachine(m)
		options := p.own(p.send(p.runtime.Class("MTLCompileOptions"), "new"))
		require.True(t, responds(options, "setFastMathEnabled:"))
		require.Equal(t, macos >= 15, responds(options, "setMathMode:"))
		require.Equal(t, macos >= 15, responds(p.queue, "addResidencySet:"))
		require.Equal(t, macos >= 15, responds(p.device, "newResidencySetWithDescriptor:error:"))
		require.Equal(t, macos >= 15, p.runtime.Class("MTLResidencySetDescriptor") != 0)
		require.Equal(t, macos >= 14, responds(p.device, "architecture"))
	}
	m := DefaultMachine()
	m.MacOS = 14
	p.sim.SetMachine(m)
	p.send(p.queue, "addResidencySet:", 0)
	require.Equal(t, []string{"unrecognized selector -[MTLCommandQueue addResidencySet:]"}, p.sim.Violations())
}

// There is room for twice the working set; other tests may have left something.
func TestMemoryLimits(t *testing.T) {
	p := start(t)
	before := uintptr(p.send(p.device, "currentAllocatedSize"))
	m := DefaultMachine()
	m.MaxBuffer, m.Memory = 1<<20, uint64(before)/2+1<<20
	p.sim.SetMachine(m)
	require.Zero(t, p.send(p.device, "newBufferWithLength:options:", 1<<20+1, 0))
	p.buffer(1 << 20)
	require.EqualValues(t, before+1<<20, p.send(p.device, "currentAllocatedSize"))
	p.buffer(1<<20 - 4)
	require.Zero(t, p.send(p.device, "newBufferWithLength:options:", 8, 0))
}

func TestResidencySet(t *testing.T) {
	p := start(t)
	p.runtime.Pool(func() {
		descriptor := p.own(p.send(p.runtime.Class("MTLResidencySetDescriptor"), "new"))
		var failed objc.ID
		set := p.own(p.send(p.device, "newResidencySetWithDescriptor:error:", uintptr(descriptor), uintptr(unsafe.Pointer(&failed))))
		x, y := p.buffer(16), p.buffer(16)
		p.send(set, "addAllocation:", uintptr(x))
		p.send(set, "addAllocation:", uintptr(y))
		p.send(set, "commit")
		p.send(set, "requestResidency")
		p.send(p.queue, "addResidencySet:", uintptr(set))
		p.send(set, "removeAllocation:", uintptr(x))
		require.EqualValues(t, 1, p.send(set, "allocationCount"))
		p.send(p.queue, "removeResidencySet:", uintptr(set))
		p.send(set, "endResidency")
		require.Empty(t, p.sim.Violations())
		p.send(set, "removeAllocation:", uintptr(x))
		require.Len(t, p.sim.Violations(), 1)
	})
}

// Nil answers everything with nothing.
func TestNil(t *testing.T) {
	p := start(t)
	require.Zero(t, p.send(0, "release"))
	require.Zero(t, p.send(0, "anything:at:all:", 1, 2, 3))
	require.Equal(t, size{}, p.sendSize(0, p.runtime.Sel("maxThreadsPerThreadgroup")))
	require.Zero(t, p.sendFloat(0, p.runtime.Sel("length"))+0)
	require.Zero(t, p.runtime.Class("NSMissing"))
}
