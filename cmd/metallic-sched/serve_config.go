package main

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/metallic-sched/metallic-sched/scheduler"
)

const serveVariables = "METALLIC_SERVE_"

// printConfig shows what serve would go by. Files of secrets are named, not
// read.
func printConfig(out io.Writer, k *kong.Context) error {
	given := map[string]bool{}
	for _, p := range k.Path {
		if p.Flag != nil {
			given[p.Flag.Name] = true
		}
	}
	t := newTable(out, "Settings", 3, "setting", "value", "from")
	for _, f := range k.Selected().Flags {
		if f.Name == "print-config" || f.Name == "help" {
			continue
		}
		t.AppendRow(table.Row{"-" + f.Name, valueText(f.Target), originOf(f, given[f.Name])})
	}
	settings, err := scheduler.EnvSettings()
	for _, s := range settings {
		from := "default"
		if s.Set {
			from = "environment"
		}
		t.AppendRow(table.Row{s.Name, s.Value, from})
	}
	t.Render()
	return err
}

// valueText writes a value as its flag takes it.
func valueText(v reflect.Value) string {
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(v.Interface())
	}
	var parts []string
	for i := range v.Len() {
		parts = append(parts, fmt.Sprint(v.Index(i).Interface()))
	}
	return strings.Join(parts, ",")
}

func originOf(f *kong.Flag, given bool) string {
	switch {
	case given:
		return "flag"
	case len(f.Envs) > 0 && os.Getenv(f.Envs[0]) != "":
		return "environment, " + f.Envs[0]
	}
	return "default"
}

// dropEmptyVariables makes empty variables of serve count as unset, as all of
// ours do.
func dropEmptyVariables() {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); value == "" && strings.HasPrefix(name, serveVariables) {
			_ = os.Unsetenv(name)
		}
	}
}
