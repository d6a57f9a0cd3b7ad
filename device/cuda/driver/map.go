//go:build linux && (amd64 || arm64)

package driver

import "unsafe"

// Mapper makes maps of matrices for the GPU's bulk copy engine. It holds the
// memory that it needs for one at a time.
type Mapper struct {
	context     *Context
	room        [mapSize + mapAlignment]byte
	dims        [3]uint64
	strides     [2]uint64
	box, stride [3]uint32
}

const mapSize, mapAlignment = 128, 64

// NewMapper returns one. CanMap must hold.
func (c *Context) NewMapper() *Mapper { return &Mapper{context: c, stride: [3]uint32{1, 1, 1}} }

// CanMap reports whether the driver makes maps: from version 12 on.
func (a *API) CanMap() bool { return a.cuda.functions[fnTensorMapEncode] != 0 }

// What the driver calls elements of 16 bits, lines of 128 bytes that are
// swizzled, and how much more the GPU may fetch into its cache.
const mapUint16, mapSwizzle128, mapFetch256 = 1, 3, 3

// Encode describes matrices of 16-bit elements from an address on: their
// sizes along and across the neighbours and their number, the strides of the
// last two in bytes, and the box that is copied at a time, whose lines are of 128
// bytes. What lies outside is 0.
func (m *Mapper) Encode(to *[mapSize / 8]uint64, at Pointer, dims [3]uint64, strides [2]uint64, box [3]uint32) error {
	m.dims, m.strides, m.box = dims, strides, box
	first := -uintptr(unsafe.Pointer(&m.room[0])) % mapAlignment
	room := unsafe.Pointer(&m.room[first])
	err := m.context.do(fnTensorMapEncode, uintptr(room), mapUint16, uintptr(len(dims)), uintptr(at),
		uintptr(unsafe.Pointer(&m.dims[0])), uintptr(unsafe.Pointer(&m.strides[0])), uintptr(unsafe.Pointer(&m.box[0])),
		uintptr(unsafe.Pointer(&m.stride[0])), 0, mapSwizzle128, mapFetch256, 0)
	*to = *(*[mapSize / 8]uint64)(room)
	return err
}
