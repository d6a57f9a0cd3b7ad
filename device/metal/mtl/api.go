//go:build darwin || linux

package mtl

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// API is Metal, loaded. Its methods may be called from any goroutine.
type API struct {
	runtime *objc.Runtime
	msgSend uintptr // for hot messages of integers
	sel     selectors
	send    sends
	classes classes

	createDevice func() objc.ID
	copyDevices  func() objc.ID            // an NSArray
	mpsSupports  func(device objc.ID) bool // nil without the library
}

// classes are those whose objects are made by us.
type classes struct {
	string, compileOptions, constantValues, residencyDescriptor objc.ID
	matrixDescriptor, matrix, matrixMultiplication              objc.ID
}

// Load opens the libraries. A library or symbol that is missing is an error
// that names it.
func Load(p Paths) (*API, error) {
	a, err := load(p)
	if err != nil {
		return nil, fmt.Errorf("mtl: %w", err)
	}
	return a, nil
}

func load(p Paths) (*API, error) {
	for _, path := range []string{p.Foundation, p.CoreGraphics} {
		if path == "" {
			continue
		}
		if _, err := objc.Open(path); err != nil {
			return nil, err
		}
	}
	metal, err := objc.Open(p.Metal)
	if err != nil {
		return nil, err
	}
	runtime, err := objc.Load(p.ObjC)
	if err != nil {
		return nil, err
	}
	a := &API{runtime: runtime, msgSend: runtime.MsgSend()}
	if err := a.bindFunctions(metal, p.MPS); err != nil {
		return nil, err
	}
	a.sel = registered(runtime)
	a.send.bind(runtime)
	return a, a.findClasses()
}

func (a *API) bindFunctions(metal objc.Library, mps string) error {
	if err := metal.Function("MTLCreateSystemDefaultDevice", &a.createDevice); err != nil {
		return err
	}
	if err := metal.Function("MTLCopyAllDevices", &a.copyDevices); err != nil {
		return err
	}
	if mps == "" {
		return nil
	}
	library, err := objc.Open(mps)
	if err != nil {
		return err
	}
	return library.Function("MPSSupportsMTLDevice", &a.mpsSupports)
}

func (a *API) findClasses() error {
	for _, c := range []struct {
		name     string
		to       *objc.ID
		optional bool
	}{
		{"NSString", &a.classes.string, false},
		{"MTLCompileOptions", &a.classes.compileOptions, false},
		{"MTLFunctionConstantValues", &a.classes.constantValues, false},
		{"MTLResidencySetDescriptor", &a.classes.residencyDescriptor, true}, // macOS 15
		{"MPSMatrixDescriptor", &a.classes.matrixDescriptor, a.mpsSupports == nil},
		{"MPSMatrix", &a.classes.matrix, a.mpsSupports == nil},
		{"MPSMatrixMultiplication", &a.classes.matrixMultiplication, a.mpsSupports == nil},
	} {
		*c.to = a.runtime.Class(c.name)
		if *c.to == 0 && !c.optional {
			return fmt.Errorf("the libraries have no class %s", c.name)
		}
	}
	return nil
}

// Pool calls f with an autorelease pool in place, on one OS thread.
func (a *API) Pool(f func()) { a.runtime.Pool(f) }

// new allocates and initialises an object. The caller releases it.
func (a *API) new(class objc.ID) objc.ID {
	return a.send.id(a.send.id(class, a.sel[selAlloc]), a.sel[selInit])
}

func (a *API) release(o objc.ID) { a.send.void(o, a.sel[selRelease]) }

// string returns an autoreleased NSString.
func (a *API) string(s string) objc.ID {
	return a.send.idString(a.classes.string, a.sel[selStringWithUTF8String], s)
}

// text reads an NSString.
func (a *API) text(s objc.ID) string { return a.send.text(s, a.sel[selUTF8String]) }

// responds says whether an object understands a message.
func (a *API) responds(o objc.ID, s selector) bool {
	return a.send.boolSEL(o, a.sel[selRespondsToSelector], a.sel[s])
}

// object is what every type here consists of.
type object struct {
	api *API
	id  objc.ID
}

// ID returns the Objective-C object.
func (o object) ID() objc.ID { return o.id }

// Release gives up our reference.
func (o object) Release() { o.api.release(o.id) }
