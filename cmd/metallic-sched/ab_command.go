package main

import (
	"context"
	"io"
	"strings"
)

// checkCommand refuses commands whose output a comparison cannot read, before
// any of them runs.
func (c *abCommand) checkCommand(ctx context.Context) error {
	if c.Exec {
		return nil
	}
	name := c.Command[0]
	if name != "bench" && name != "load" {
		return wrongUsage("-- %s prints no benchmark lines; allowed: bench SUITE, load, or any program with --exec", name)
	}
	asked := false
	parser := newParser(ctx, streams{io.Discard, io.Discard})
	parser.Exit = func(int) { asked = true }
	inner, err := parser.Parse(longFlags(c.Command))
	switch {
	case asked:
		return wrongUsage("-- %s --help prints no benchmark lines; metallic-sched %s --help shows it", name, name)
	case err != nil && c.ABin != "" && c.BBin != "":
		return nil // other builds may have other flags
	case err != nil:
		return wrongUsage("-- %s: %v", strings.Join(c.Command, " "), err)
	}
	switch inner := inner.Selected().Target.Addr().Interface().(type) {
	case *benchCommand:
		return inner.comparable()
	case *loadCommand:
		return inner.comparable()
	}
	return nil
}

// comparable returns what keeps ab from reading the output.
func (c *benchCommand) comparable() error {
	switch {
	case c.JSON:
		return wrongUsage("-- bench --json prints no benchmark lines, which ab reads; allowed: none, and --json before -- for the report")
	case c.List:
		return wrongUsage("-- bench --list measures nothing; allowed: none")
	}
	return nil
}

// comparable returns what keeps ab from reading the output.
func (c *loadCommand) comparable() error {
	switch {
	case c.Output != "":
		return wrongUsage("-- load --output hides the results from ab, which reads them from standard output; allowed: none, and -o before -- for the lines of both sides")
	case c.MixHelp:
		return wrongUsage("-- load --mix-help measures nothing; allowed: none")
	}
	return nil
}
