package kernels

// Caps is what selection needs to know of a device.
type Caps struct {
	SIMDMatrix     bool // has a SIMD matrix multiply, and kernels that use it
	SIMDReduction  bool // can reduce across a SIMD group
	SIMDWidth      int  // threads in a SIMD group, at least 1
	MaxThreadgroup int  // most threads in a threadgroup, at least SIMDWidth
	// Scratch is the memory, in bytes, that dependent kernels best hand on at a
	// time: what stays near, and keeps all of the device busy. 0: not known.
	Scratch int
	Vendor  bool // the platform's vendor library was found
	// VendorHelp says how to get the vendor library when Vendor is false.
	VendorHelp string
	// Fallback says why the device does without the kernels that were made for its
	// kind, such as those of Hopper; empty if it has them, or there are none.
	Fallback string
}
