//go:build darwin || linux

package mtl

import (
	"structs"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// Size is MTLSize: threads or threadgroups in three dimensions.
type Size struct {
	_                    structs.HostLayout
	Width, Height, Depth uint
}

type (
	id  = objc.ID
	sel = objc.SEL
)

// sends are typed message sends, named after what they return and take.
type sends struct {
	void    func(id, sel)
	id      func(id, sel) id
	uint    func(id, sel) uint
	int     func(id, sel) int
	bool    func(id, sel) bool
	float   func(id, sel) float64
	size    func(id, sel) Size
	pointer func(id, sel) unsafe.Pointer
	text    func(id, sel) string

	voidID   func(id, sel, id)
	voidUint func(id, sel, uint)
	voidInt  func(id, sel, int)
	voidBool func(id, sel, bool)
	boolInt  func(id, sel, int) bool
	boolSEL  func(id, sel, sel) bool
	idUint   func(id, sel, uint) id
	idString func(id, sel, string) id

	newBuffer   func(self id, s sel, length, options uint) id
	newNoCopy   func(self id, s sel, memory unsafe.Pointer, length, options uint, deallocator id) id
	newLibrary  func(self id, s sel, source, options id, err *id) id
	newFunction func(self id, s sel, name, constants id, err *id) id
	newFrom     func(self id, s sel, from id, err *id) id
	setConstant func(self id, s sel, value unsafe.Pointer, kind, index uint)
	addHandler  func(self id, s sel, b *objc.Block)

	matrixDescriptor func(self id, s sel, rows, columns, matrices, rowBytes, matrixBytes uint, kind uint32) id
	initMatrix       func(self id, s sel, buffer id, offset uint, descriptor id) id
	initProduct      func(self id, s sel, device id, transposeLeft, transposeRight bool, rows, columns, interior uint, alpha, beta float64) id
	encodeProduct    func(self id, s sel, commands, left, right, result id)
}

func (s *sends) bind(r *objc.Runtime) {
	s.bindHot(r.MsgSend())
	for _, f := range []any{
		&s.int, &s.bool, &s.float, &s.size, &s.pointer, &s.text,
		&s.voidID, &s.voidUint, &s.voidInt, &s.voidBool, &s.boolInt, &s.boolSEL, &s.idString,
		&s.newBuffer, &s.newNoCopy, &s.newLibrary, &s.newFunction, &s.newFrom, &s.setConstant, &s.addHandler,
		&s.matrixDescriptor, &s.initMatrix, &s.initProduct, &s.encodeProduct,
	} {
		r.Bind(f)
	}
}

// bindHot binds those that every batch sends, integers only, without
// reflection.
func (s *sends) bindHot(msgSend uintptr) {
	s.void = func(o id, m sel) { purego.SyscallN(msgSend, uintptr(o), uintptr(m)) }
	s.id = func(o id, m sel) id {
		result, _, _ := purego.SyscallN(msgSend, uintptr(o), uintptr(m))
		return id(result)
	}
	s.uint = func(o id, m sel) uint {
		result, _, _ := purego.SyscallN(msgSend, uintptr(o), uintptr(m))
		return uint(result)
	}
	s.idUint = func(o id, m sel, n uint) id {
		result, _, _ := purego.SyscallN(msgSend, uintptr(o), uintptr(m), uintptr(n))
		return id(result)
	}
}
