package scheduler

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

const envPrefix = "METALLIC_"

// EnvError lists every METALLIC_ variable that is wrong.
type EnvError struct {
	Problems []EnvProblem
}

// EnvProblem is one variable that is wrong.
type EnvProblem struct {
	Name, Value string
	// Allowed says what the value may be. It is empty if there is no such
	// variable.
	Allowed string
	// Nearest is the known variable most like an unknown one, if any is.
	Nearest string
	// Cause says why an allowed value could not be used, or why there must be
	// one, or is nil.
	Cause error
}

func (e *EnvError) Error() string {
	lines := []string{"scheduler: environment:"}
	unknown := false
	for _, p := range e.Problems {
		lines = append(lines, p.String())
		unknown = unknown || p.Allowed == ""
	}
	if unknown {
		lines = append(lines, "known variables: "+strings.Join(knownVariables(), ", "))
	}
	return strings.Join(lines, "\n\t")
}

// Unwrap returns the causes.
func (e *EnvError) Unwrap() []error {
	var causes []error
	for _, p := range e.Problems {
		if p.Cause != nil {
			causes = append(causes, p.Cause)
		}
	}
	return causes
}

func (p EnvProblem) String() string {
	switch {
	case p.Nearest != "":
		return fmt.Sprintf("%s (%q) is not a known variable; did you mean %s?", p.Name, p.Value, p.Nearest)
	case p.Allowed == "":
		return fmt.Sprintf("%s (%q) is not a known variable", p.Name, p.Value)
	case p.Value == "":
		return fmt.Sprintf("%s is not set; allowed: %s (%v)", p.Name, p.Allowed, p.Cause)
	case p.Cause != nil:
		return fmt.Sprintf("%s is %q; allowed: %s (%v)", p.Name, p.Value, p.Allowed, p.Cause)
	}
	return fmt.Sprintf("%s is %q; allowed: %s", p.Name, p.Value, p.Allowed)
}

// envNames lists the variables that a scheduler goes by.
func envNames() []string {
	var names []string
	for f := range reflect.TypeFor[environment]().Fields() {
		names = append(names, f.Tag.Get("env"))
	}
	return names
}

// deviceVariables are those that devices read by themselves.
var deviceVariables = []string{
	"METALLIC_CLANG", "METALLIC_CACHE_DIR", "METALLIC_CUDA_DRIVER", "METALLIC_CUDA_NVRTC", "METALLIC_CUDA_CUBLAS",
}

// serveVariables are those of the command serve, one for each of its flags.
var serveVariables = []string{
	"METALLIC_SERVE_LISTEN", "METALLIC_SERVE_ADMIN", "METALLIC_SERVE_TLS_CERT", "METALLIC_SERVE_TLS_KEY",
	"METALLIC_SERVE_CLIENT_CA", "METALLIC_SERVE_TOKENS", "METALLIC_SERVE_DRAIN", "METALLIC_SERVE_MAX_CONNECTIONS",
	"METALLIC_SERVE_OPERANDS", "METALLIC_SERVE_JOBS", "METALLIC_SERVE_BYTES", "METALLIC_SERVE_TENANT_JOBS",
	"METALLIC_SERVE_TENANT_BYTES", "METALLIC_SERVE_TENANT_OPERAND_BYTES", "METALLIC_SERVE_DEVICE", "METALLIC_SERVE_LOG_FORMAT",
}

// knownVariables lists all of ours.
func knownVariables() []string { return slices.Concat(envNames(), deviceVariables, serveVariables) }

func unknownVariables(vars map[string]string) []EnvProblem {
	var problems []EnvProblem
	known := knownVariables()
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if !slices.Contains(known, name) {
			problems = append(problems, EnvProblem{Name: name, Value: vars[name], Nearest: nearest(name, known)})
		}
	}
	return problems
}

// nearest returns the candidate that the fewest edits make of name, or "" if
// each would change more than half of the letters.
func nearest(name string, candidates []string) string {
	best, least := "", len(name)+1
	for _, c := range candidates {
		letters := max(len(name), len(c)) - len(envPrefix)
		if d := edits(name, c); d < least && d <= letters/2 {
			best, least = c, d
		}
	}
	return best
}

// edits returns how many letters must be inserted, deleted or replaced to make
// b of a (the Levenshtein distance).
func edits(a, b string) int {
	row := make([]int, len(b)+1) // edits from the part of a seen so far to b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
