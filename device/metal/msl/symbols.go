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
	boundPattern = regexp.MustCompile(`(?m)^(?:.*/)?([^/\s]+:\d+):\d+: runtime error: (.*)$`)
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
	if m := boundPattern.FindStringSubmatch(report); m != nil { // names its place itself
		e.Sanitizer, e.Kind, e.Places = Address, m[2], []string{m[1]}
		return e
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
		place := lines.at(address)
		if place == "" {
			return frame
		}
		if !slices.Contains(e.Places, place) {
			e.Places = append(e.Places, place)
		}
		return place
	})
	return e
}

// debugRoot is the directory in which debug information puts the files that the
// source names; those of the runtime are elsewhere.
const debugRoot = "/metal-source"

// lineTable says which place in the MSL source each address comes from.
type lineTable []lineEntry

type lineEntry struct {
	address uint64
	place   string // "" outside of the source
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
		place := ""
		if name, found := strings.CutPrefix(fileName(e), debugRoot+"/"); found && !e.EndSequence && name != tablesName {
			place = fmt.Sprintf("%s:%d", name, e.Line)
		}
		out = append(out, lineEntry{e.Address, place})
	}
	return out, nil
}

func fileName(e dwarf.LineEntry) string {
	if e.File == nil {
		return ""
	}
	return e.File.Name
}

// at returns the place of an address, or "". Frames hold the address after a call,
// and reports make it the call's own: nothing to correct.
func (t lineTable) at(address uint64) string {
	i, found := slices.BinarySearchFunc(t, address, func(e lineEntry, a uint64) int { return int(int64(e.address - a)) })
	if !found {
		i--
	}
	for i+1 < len(t) && i >= 0 && t[i+1].address == address {
		i++
	}
	if i < 0 {
		return ""
	}
	return t[i].place
}
