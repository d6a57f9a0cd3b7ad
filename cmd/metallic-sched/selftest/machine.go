package selftest

import (
	"bufio"
	"bytes"
	"runtime"
	"strings"
)

// Machine is the kind of machine, not which one it is.
type Machine struct {
	System    string `json:"system"`    // the operating system's version
	Model     string `json:"model"`     // as its maker calls it, where it is known
	Processor string `json:"processor"` // likewise
	Threads   int    `json:"threads"`   // that run at once
	Memory    int64  `json:"memory_bytes,omitempty"`
}

func machine() Machine {
	m := Machine{Threads: runtime.NumCPU()}
	m.ask()
	return m
}

// Processor is what this machine's maker calls its processor, or "".
func Processor() string { return machine().Processor }

// field returns the value of the first line "key<separator>value".
func field(text []byte, key, separator string) string {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		k, v, ok := strings.Cut(lines.Text(), separator)
		if ok && strings.TrimSpace(k) == key {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return ""
}
