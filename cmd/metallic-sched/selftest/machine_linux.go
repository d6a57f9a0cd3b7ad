package selftest

import (
	"os"
	"strconv"
	"strings"
)

// ask reads what the kernel and the distribution say.
func (m *Machine) ask() {
	read := func(path string) []byte {
		text, _ := os.ReadFile(path)
		return text
	}
	kernel := strings.TrimSpace(string(read("/proc/sys/kernel/osrelease")))
	m.System = strings.TrimSpace(field(read("/etc/os-release"), "PRETTY_NAME", "=") + ", Linux " + kernel)
	m.Model = strings.TrimSpace(string(read("/sys/class/dmi/id/product_name")))
	m.Processor = field(read("/proc/cpuinfo"), "model name", ":")
	kib, _ := strconv.ParseInt(strings.TrimSuffix(field(read("/proc/meminfo"), "MemTotal", ":"), " kB"), 10, 64)
	m.Memory = kib << 10
}
