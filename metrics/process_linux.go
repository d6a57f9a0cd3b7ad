package metrics

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// processMemory exposes what /proc tells.
func (c *Counters) processMemory() {
	c.expose("process_resident_memory_bytes", "Memory in use that is in RAM.", func() float64 { _, r := pages(); return r })
	c.expose("process_virtual_memory_bytes", "Address space in use.", func() float64 { v, _ := pages(); return v })
	c.expose("process_open_fds", "Open file descriptors.", func() float64 {
		list, _ := os.ReadDir("/proc/self/fd")
		return float64(max(len(list)-1, 0)) // one is that of the directory
	})
	c.expose("process_max_fds", "File descriptors that may be open.", func() float64 {
		var limit syscall.Rlimit
		_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
		return float64(limit.Cur)
	})
	c.expose("process_threads", "Threads of the operating system.", func() float64 { return statusNumber("Threads:") })
}

// pages returns the virtual and the resident size in bytes.
func pages() (virtual, resident float64) {
	text, _ := os.ReadFile("/proc/self/statm")
	_, _ = fmt.Sscan(string(text), &virtual, &resident)
	size := float64(os.Getpagesize())
	return virtual * size, resident * size
}

func statusNumber(field string) float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(field)); ok {
			n, _ := strconv.ParseFloat(string(bytes.TrimSpace(rest)), 64)
			return n
		}
	}
	return 0
}
