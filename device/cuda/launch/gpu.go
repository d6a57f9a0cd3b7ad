package launch

// GPU is what the choice of a kernel's tile depends on besides the product.
type GPU struct {
	Shared     int // bytes of shared memory that a block may have
	Processors int
	// Hopper says that the GPU runs code for sm_90a, and that the driver makes
	// maps of operands.
	Hopper bool
}
