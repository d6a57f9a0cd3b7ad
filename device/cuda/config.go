package cuda

// Config says which GPU to open. The zero Config means the first.
type Config struct {
	GPU int // by the driver's number

	portable bool // for tests: the kernels of other GPUs
}
