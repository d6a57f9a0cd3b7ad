package ab

import (
	"slices"
	"strings"
)

// Labels returns short names for the rows, and the parts that they lack
// because all rows, but for the geometric mean, have them.
func (r *Report) Labels() (labels []string, shared string) {
	var names [][]string
	for i := range r.Rows {
		if name := r.Rows[i].Name; name != AllRows {
			names = append(names, strings.Split(name, "/"))
		}
	}
	everywhere := func(part string) bool {
		return len(names) > 1 && !slices.ContainsFunc(names, func(name []string) bool { return !slices.Contains(name, part) })
	}
	for _, name := range names {
		kept := slices.DeleteFunc(slices.Clone(name), everywhere)
		labels = append(labels, strings.Join(kept, "/"))
	}
	common := slices.DeleteFunc(slices.Clone(names[0]), func(part string) bool { return !everywhere(part) })
	if len(labels) < len(r.Rows) {
		labels = append(labels, AllRows)
	}
	return labels, strings.Join(common, "/")
}
