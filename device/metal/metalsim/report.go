//go:build darwin || linux

package metalsim

import (
	"strconv"
	"strings"
)

// patience is how long, in milliseconds, reports wait for command buffers that
// have completed but whose handlers did not return yet.
const patience = 10_000

// Violations returns what was done against the rules since the last call, at
// most 1000 texts, in order. It waits for the handlers of completed command
// buffers to return.
func (s *Simulator) Violations() []string {
	s.c.settle(patience)
	return lines(s.c.violations)
}

// Live returns how many objects are alive by class, only those that are. It
// waits as Violations does. A test compares it with what it was at its start.
func (s *Simulator) Live() map[string]int {
	s.c.settle(patience)
	live := map[string]int{}
	for _, line := range lines(s.c.live) {
		class, count, _ := strings.Cut(line, "=")
		live[class], _ = strconv.Atoi(count)
	}
	return live
}

// lines reads a text whose length is not known before.
func lines(read func(out *byte, room uint) uint) []string {
	buffer := make([]byte, 4096)
	for {
		n := read(&buffer[0], uint(len(buffer)))
		if n > uint(len(buffer)) {
			buffer = make([]byte, n)
			continue
		}
		if n == 0 {
			return nil
		}
		return strings.Split(strings.TrimSuffix(string(buffer[:n]), "\n"), "\n")
	}
}
