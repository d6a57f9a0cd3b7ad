package metal

import "github.com/metallic-sched/metallic-sched/device/metal/mtl"

// Config says where Metal is. The zero Config means that of macOS.
type Config struct {
	// Libraries are the files that Metal consists of; none means those of
	// macOS.
	Libraries mtl.Paths
	// Simulated says that the libraries run shaders on the processor, for
	// tests. Info tells it to users.
	Simulated bool
}

// advice says what to do where there is no Metal.
const advice = "Metal is part of macOS; METALLIC_METAL_LIBRARY=simulated runs the shaders on the processor, for tests"
