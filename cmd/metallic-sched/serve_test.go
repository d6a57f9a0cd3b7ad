package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
)

// serveVariablesOf returns the variables of serve's flags.
func serveVariablesOf() (names []string) {
	for f := range reflect.TypeFor[serveCommand]().Fields() {
		if name := f.Tag.Get("env"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Every flag of serve has a variable, named after it, that a scheduler knows to
// be somebody else's.
func TestServeVariables(t *testing.T) {
	for f := range reflect.TypeFor[serveCommand]().Fields() {
		if f.Name == "PrintConfig" {
			continue
		}
		want := serveVariables + strings.ToUpper(strings.ReplaceAll(dashed(f.Name), "-", "_"))
		require.Equal(t, want, f.Tag.Get("env"))
	}
	for _, name := range serveVariablesOf() {
		t.Setenv(name, "x")
	}
	_, err := scheduler.FromEnv()
	require.NoError(t, err)
}

// dashed writes a field's name as its flag.
func dashed(name string) string {
	var out strings.Builder
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		afterLower := i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z'
		startsWord := i > 0 && i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z'
		if upper && (afterLower || startsWord) {
			out.WriteByte('-')
		}
		out.WriteRune(r)
	}
	return strings.ToLower(out.String())
}
