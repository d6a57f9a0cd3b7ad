//go:build darwin || linux

package mtl

import (
	"fmt"
	"unsafe"
)

// Library is an MTLLibrary: compiled source.
type Library struct{ object }

// The values of MTLCompileOptions that are used.
const (
	language23       = 2<<16 + 3 // macOS 11
	language30       = 3 << 16   // macOS 13, as the family Metal3
	mathSafe         = 0
	functionsPrecise = 1
)

// NewLibrary compiles Metal source, with IEEE semantics: no fast math. The
// error has the compiler's own words. It may take seconds.
func (d *Device) NewLibrary(source string) (lib Library, err error) {
	a := d.api
	a.Pool(func() {
		options := d.compileOptions()
		defer a.release(options)
		var failed id
		o := a.send.newLibrary(d.id, a.sel[selNewLibraryWithSource], a.string(source), options, &failed)
		if o == 0 {
			err = a.failure("compile", failed)
			return
		}
		lib = Library{object{a, o}}
	})
	return lib, err
}

// compileOptions says everything that has a default: fast math is on unless it
// is turned off, with a different message from macOS 15 on, and the language
// follows the SDK that a program was linked with, which Go programs are not.
func (d *Device) compileOptions() id {
	a := d.api
	o := a.new(a.classes.compileOptions)
	if a.responds(o, selSetLanguageVersion) {
		version := uint(language23)
		if d.Supports(Metal3) {
			version = language30
		}
		a.send.voidUint(o, a.sel[selSetLanguageVersion], version)
	}
	if a.responds(o, selSetFastMathEnabled) {
		a.send.voidBool(o, a.sel[selSetFastMathEnabled], false)
	}
	if a.responds(o, selSetMathMode) {
		a.send.voidInt(o, a.sel[selSetMathMode], mathSafe)
	}
	if a.responds(o, selSetMathFloatingPointFunctions) {
		a.send.voidInt(o, a.sel[selSetMathFloatingPointFunctions], functionsPrecise)
	}
	return o
}

// Constant is the value of a function constant: bool, int32, uint32 or
// float32.
type Constant struct {
	Index int
	Value any
}

// The MTLDataTypes of function constants.
const (
	typeFloat = 3
	typeInt   = 29
	typeUInt  = 33
	typeBool  = 53
)

// constantValues returns an MTLFunctionConstantValues to be released.
func (a *API) constantValues(constants []Constant) (id, error) {
	values := a.new(a.classes.constantValues)
	for _, c := range constants {
		var p unsafe.Pointer
		var kind uint
		switch v := c.Value.(type) {
		case bool:
			p, kind = unsafe.Pointer(&v), typeBool
		case int32:
			p, kind = unsafe.Pointer(&v), typeInt
		case uint32:
			p, kind = unsafe.Pointer(&v), typeUInt
		case float32:
			p, kind = unsafe.Pointer(&v), typeFloat
		default:
			a.release(values)
			return 0, fmt.Errorf("mtl: function constant %d is a %T; allowed are bool, int32, uint32, float32", c.Index, c.Value)
		}
		a.send.setConstant(values, a.sel[selSetConstantValue], p, kind, uint(c.Index))
	}
	return values, nil
}
