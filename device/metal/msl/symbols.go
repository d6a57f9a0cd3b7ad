package msl

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	kindPattern  = regexp.MustCompile(`(Address|Thread)Sanitizer: ([\w-]+(?: race)?)`)
	framePattern = regexp.MustCompile(`(?m)\(([^()\s]+)\+0x([0-9a-f]+)\)`)
)

// newSanitizerError reads a report of the executable at path.
func newSanitizerError(path, report string) error {
	e := &SanitizerError{Kind: "unknown", Report: report}
	if m := kindPattern.FindStringSubmatch(report); m != nil {
		e.Sanitizer, e.Kind = Address, m[2]
		if m[1] == "Thread" {
			e.Sanitizer = Thread
		}
	}
	lines, err := readLines(path)
	if err != nil {
		return errors.Join(e, fmt.Errorf("msl: no line numbers: %w", err))
	}
	e.Report = framePattern.ReplaceAllStringFunc(report, func(frame string) string {
		m := framePattern.FindStringSubmatch(frame)
		address, err := strconv.ParseUint(m[2], 16, 64)
		if err != nil || filepath.Base(m[1]) != filepath.Base(path) {
			return frame
		}
		line := lines.at(address)
		if line == 0 {
			return frame
		}
		if !slices.Contains(e.Lines, line) {
			e.Lines = append(e.Lines, line)
		}
		return fmt.Sprintf("%s:%d", sourceName, line)
	})
	return e
}

// lineTable says which line of the MSL source each address comes from.
type lineTable []lineEntry

type lineEntry struct {
	address uint64
	line    int // 0 outside of the source
}

// readLines reads an executable's table, in ascending order of addresses.
func readLines(path string) (lineTable, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := file.DWARF()
	if err != nil {
		return nil, err
	}
	var out lineTable
	for r := data.Reader(); ; {
		unit, err := r.Next()
		if err != nil || unit == nil {
			slices.SortStableFunc(out, func(a, b lineEntry) int { return int(int64(a.address - b.address)) })
			return out, err
		}
		if unit.Tag == dwarf.TagCompileUnit {
			if out, err = appendLines(out, data, unit); err != nil {
				return nil, err
			}
		}
		r.SkipChildren()
	}
}

func appendLines(out lineTable, data *dwarf.Data, unit *dwarf.Entry) (lineTable, error) {
	r, err := data.LineReader(unit)
	if err != nil || r == nil {
		return out, err
	}
	var e dwarf.LineEntry
	for r.Next(&e) == nil {
		line := 0
		if e.File != nil && strings.HasSuffix(e.File.Name, sourceName) && !e.EndSequence {
			line = e.Line
		}
		out = append(out, lineEntry{e.Address, line})
	}
	return out, nil
}

// at returns the line of an address, or 0. Frames hold the address after a call,
// and reports make it the call's own: nothing to correct.
func (t lineTable) at(address uint64) int {
	i, found := slices.BinarySearchFunc(t, address, func(e lineEntry, a uint64) int { return int(int64(e.address - a)) })
	if !found {
		i--
	}
	for i+1 < len(t) && i >= 0 && t[i+1].address == address {
		i++
	}
	if i < 0 {
		return 0
	}
	return t[i].line
}
