//go:build !darwin && !linux

package selftest

import "runtime"

// ask has nobody to ask.
func (m *Machine) ask() { m.System = runtime.GOOS }
