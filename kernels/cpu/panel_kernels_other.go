//go:build !amd64 || noasm

package cpu

// panelTables has nothing for the portable level.
var panelTables [1]*panelKernels
