package main

import (
	"fmt"
)

// mode is what a product is for.
type mode struct {
	name  string
	rows  int  // of the panel that it takes
	tile  bool // it is part of a larger product
	apart bool // columns and rows of A lie apart
}

var (
	stream = mode{name: "", rows: panel}
	tiles  = []mode{
		{"Tile", panel, true, false},
		{"Top16", 16, true, false},
		{"Top32", 32, true, false},
	}
	apart = []mode{
		{"TileApart", panel, true, true},
		{"Top16Apart", 16, true, true},
		{"Top32Apart", 32, true, true},
	}
)

func (m mode) signature() string {
	if m.tile {
		return "func(k int, a *byte, as int, x *float32, xs int, c *float32, ldc int, more bool, " +
			"next uintptr, lines int, out *float32, ldo int, alpha float32)"
	}
	return "func(k int, a *byte, x *float32, xs int, c *float32, ldc int, more bool)"
}

func (m mode) doc(name string, w int) []string {
	at := "x[k*xs+j]"
	if m.apart {
		at = "x[j*xs+k]"
	}
	lines := []string{
		fmt.Sprintf("%s sets c[j*ldc+i], or adds to it if more is set, the sum over k of a[k][i]*%s", name, at),
		fmt.Sprintf("for the first %d rows i of a panel and %d columns j, k ascending, each product fused with its addition.", m.rows, w),
	}
	if !m.tile {
		return append(lines, "It fetches a from memory ahead of use.")
	}
	return append(lines, "For every four k it fetches lines cache lines from next on into the second-level cache.",
		"With out it sets out[j*ldo+i] to alpha times the sum instead; any NaN becomes the one quiet NaN.",
		map[bool]string{true: "Rows of a are as bytes apart.", false: "as is not used."}[m.apart])
}
