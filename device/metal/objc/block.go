//go:build darwin || linux

package objc

import (
	"structs"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Block is a block of type void (^)(id) that is called at most once. It lies on
// a stack as far as the runtime can see: a message that keeps it makes a copy,
// and the Block itself is of no use after that message.
type Block struct {
	_               structs.HostLayout
	class           uintptr
	flags, reserved int32
	invoke          uintptr
	descriptor      *blockDescriptor
	key             uintptr // of the Go function; copies carry it along
}

type blockDescriptor struct {
	_              structs.HostLayout
	reserved, size uintptr
}

// descriptor is a variable of the package, for copies refer to it until they
// are freed.
var descriptor = blockDescriptor{size: unsafe.Sizeof(Block{})}

// invoke is the one callback of all blocks: there are 2000 in a process, and
// none is ever given back.
var invoke = sync.OnceValue(func() uintptr { return purego.NewCallback(call) })

// calls holds the functions of the blocks that were not called yet.
var calls struct {
	sync.Mutex
	last uintptr
	by   map[uintptr]func(ID)
}

// NewBlock returns a block that calls f. The call may come on any thread, with
// no autorelease pool: f should only pass the news on, without blocking. A
// panic in f ends the process.
func (r *Runtime) NewBlock(f func(ID)) *Block {
	calls.Lock()
	defer calls.Unlock()
	if calls.by == nil {
		calls.by = map[uintptr]func(ID){}
	}
	calls.last++
	calls.by[calls.last] = f
	return &Block{class: r.stackBlock, invoke: invoke(), descriptor: &descriptor, key: calls.last}
}

// Drop forgets a block that will not be called.
func (b *Block) Drop() { take(b.key) }

// PendingBlocks returns how many blocks were neither called nor dropped.
func PendingBlocks() int {
	calls.Lock()
	defer calls.Unlock()
	return len(calls.by)
}

func call(b *Block, argument ID) uintptr {
	if f := take(b.key); f != nil {
		f(argument)
	}
	return 0
}

func take(key uintptr) func(ID) {
	calls.Lock()
	defer calls.Unlock()
	f := calls.by[key]
	delete(calls.by, key)
	return f
}
