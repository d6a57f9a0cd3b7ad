//go:build darwin || linux

package objc

import (
	"fmt"
	"reflect"
	"runtime"

	"github.com/ebitengine/purego"

	"github.com/metallic-sched/metallic-sched/device/dynlib"
)

// ID is an object, a class included. 0 is nil: messages to it do nothing and
// return 0.
type ID uintptr

// SEL is a selector, the name of a message.
type SEL uintptr

// Runtime is a loaded Objective-C runtime. Its methods may be called from any
// goroutine. It is never unloaded.
type Runtime struct {
	msgSend, msgSendStret uintptr
	stackBlock            uintptr // _NSConcreteStackBlock, the class of blocks on a stack

	getClass     func(name string) ID
	registerName func(name string) SEL
	poolPush     func() uintptr
	poolPop      func(pool uintptr)
}

// Load opens the runtime's library.
func Load(path string) (*Runtime, error) {
	library, err := Open(path)
	if err != nil {
		return nil, err
	}
	r := &Runtime{}
	for _, f := range []struct {
		name string
		to   any
	}{
		{"objc_getClass", &r.getClass},
		{"sel_registerName", &r.registerName},
		{"objc_autoreleasePoolPush", &r.poolPush},
		{"objc_autoreleasePoolPop", &r.poolPop},
	} {
		if err := library.Function(f.name, f.to); err != nil {
			return nil, err
		}
	}
	if r.msgSend, err = library.Symbol("objc_msgSend"); err != nil {
		return nil, err
	}
	r.msgSendStret = r.msgSend
	if runtime.GOARCH == "amd64" {
		if r.msgSendStret, err = library.Symbol("objc_msgSend_stret"); err != nil {
			return nil, err
		}
	}
	if r.stackBlock, err = stackBlock(library); err != nil {
		return nil, err
	}
	return r, nil
}

// stackBlock finds the class of blocks on a stack. On macOS it is not the
// runtime's own but a part of what every process has loaded.
func stackBlock(library Library) (uintptr, error) {
	const name = "_NSConcreteStackBlock"
	address, err := library.Symbol(name)
	if err == nil {
		return address, nil
	}
	if address, loaded := dynlib.Symbol(purego.RTLD_DEFAULT, name); loaded == nil {
		return address, nil
	}
	return 0, err
}

// Class returns a class by its name, 0 if no loaded library has it.
func (r *Runtime) Class(name string) ID { return r.getClass(name) }

// Sel returns the selector of a name such as "setBuffer:offset:atIndex:".
func (r *Runtime) Sel(name string) SEL { return r.registerName(name) }

// MsgSend returns the address of objc_msgSend, for hot messages that take and
// return integers only: purego.SyscallN sends them in a third of the time that
// a bound function takes.
func (r *Runtime) MsgSend() uintptr { return r.msgSend }

// Bind makes *fn, a function whose first parameters are an ID and a SEL, send
// messages of that type. Do it once for each type: it is slow.
//
// The number of integers is limited to 8, those that go in registers on arm64:
// macOS packs the ones on the stack in its own way.
func (r *Runtime) Bind(fn any) {
	t := reflect.TypeOf(fn).Elem()
	if n := integers(t); n > 8 {
		panic(fmt.Sprintf("objc: %v has %d integers; at most 8", t, n))
	}
	address := r.msgSend
	if t.NumOut() == 1 && t.Out(0).Kind() == reflect.Struct && t.Out(0).Size() > 16 {
		address = r.msgSendStret // the same, but on amd64
	}
	purego.RegisterFunc(fn, address)
}

func integers(t reflect.Type) int {
	n := 0
	for p := range t.Ins() {
		if k := p.Kind(); k != reflect.Float64 && k != reflect.Float32 && k != reflect.Struct {
			n++
		}
	}
	return n
}
