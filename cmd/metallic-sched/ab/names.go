package ab

import (
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// rowNames returns the names by which results are told apart. The number of
// processors at the end is left out, so that it may differ from side to side,
// unless one run has several; and so is the package, unless it has several.
func rowNames(results []*benchfmt.Result, ignore []string) []string {
	procs, packages := map[string]string{}, map[string]bool{}
	for _, r := range results {
		base, suffix := cutProcs(r.Name)
		if other, seen := procs[base]; seen && other != suffix {
			procs = nil
			break
		}
		procs[base] = suffix
	}
	for _, r := range results {
		packages[r.GetConfig("pkg")] = true
	}
	names := make([]string, len(results))
	for i, r := range results {
		name := r.Name.String()
		if procs != nil {
			name, _ = cutProcs(r.Name)
		}
		if name = without(name, ignore); len(packages) > 1 {
			name = r.GetConfig("pkg") + "." + name
		}
		names[i] = name
	}
	return names
}

func cutProcs(name benchfmt.Name) (base, suffix string) {
	_, parts := name.Parts()
	if len(parts) > 0 && parts[len(parts)-1][0] == '-' {
		suffix = string(parts[len(parts)-1])
	}
	return strings.TrimSuffix(name.String(), suffix), suffix
}

// without takes parts KEY=VALUE out of a name.
func without(name string, keys []string) string {
	parts := strings.Split(name, "/")
	parts = slices.DeleteFunc(parts, func(part string) bool {
		key, _, found := strings.Cut(part, "=")
		return found && slices.Contains(keys, key)
	})
	return strings.Join(parts, "/")
}
