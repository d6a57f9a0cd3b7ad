package selftest

import (
	"strconv"
	"syscall"
)

// ask asks the kernel.
func (m *Machine) ask() {
	get := func(name string) string {
		value, _ := syscall.Sysctl(name)
		return value
	}
	m.System = "macOS " + get("kern.osproductversion") + " (" + get("kern.osversion") + ")"
	m.Model, m.Processor = get("hw.model"), get("machdep.cpu.brand_string")
	// sysctl's numbers come as text only from the command.
	m.Memory, _ = strconv.ParseInt(output("sysctl", "-n", "hw.memsize"), 10, 64)
}
