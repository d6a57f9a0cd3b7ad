package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels"
)

const capsAllowed = "none, or a list of simd, vendor, reduction, simdgroup=N, max-threadgroup=N"

// parseCaps reads assumed capabilities. What is not named is not there; a
// SIMD group of more than one thread can reduce across it.
func parseCaps(list string) (kernels.Caps, error) {
	caps := kernels.Caps{SIMDWidth: 1, MaxThreadgroup: 1024, VendorHelp: "--caps does not name it"}
	if list == "none" {
		return caps, nil
	}
	for _, item := range strings.Split(list, ",") {
		name, value, numbered := strings.Cut(strings.TrimSpace(item), "=")
		n, err := strconv.Atoi(value)
		switch {
		case name == "simd" && !numbered:
			caps.SIMDMatrix = true
		case name == "vendor" && !numbered:
			caps.Vendor = true
		case name == "reduction" && !numbered:
			caps.SIMDReduction = true
		case name == "simdgroup" && err == nil && n > 0:
			caps.SIMDWidth = n
			caps.SIMDReduction = caps.SIMDReduction || n > 1
		case name == "max-threadgroup" && err == nil && n > 0:
			caps.MaxThreadgroup = n
		default:
			return caps, fmt.Errorf("--caps: %q is not a capability; allowed: %s", item, capsAllowed)
		}
	}
	if caps.MaxThreadgroup < caps.SIMDWidth {
		return caps, fmt.Errorf("--caps: max-threadgroup=%d is less than simdgroup=%d", caps.MaxThreadgroup, caps.SIMDWidth)
	}
	return caps, nil
}
