package main

import (
	"fmt"
	"io"
	"os"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest/show"
)

// reportCommand shows what load measured.
type reportCommand struct {
	Files  []string `arg:"" optional:"" help:"Raw results of load (none, or -: standard input). Several runs stand side by side."`
	Format string   `enum:"text,json,csv,html,bench" default:"text" help:"text, json, csv, html (one page with pictures that needs nothing else) or bench (Go benchmark lines, for benchstat)."`
	Output string   `short:"o" type:"path" placeholder:"FILE" help:"Write there instead of standard output."`
}

// Run implements the command. A run that failed is shown; that is no failure
// of the report.
func (c *reportCommand) Run(s streams) (err error) {
	runs, err := c.read()
	if err != nil {
		return err
	}
	out := s.out
	if c.Output != "" {
		f, err := os.Create(c.Output)
		if err != nil {
			return err
		}
		defer func() {
			if closing := f.Close(); err == nil {
				err = closing
			}
		}()
		out = f
	}
	return c.write(out, runs)
}

func (c *reportCommand) write(out io.Writer, runs []*loadtest.Results) error {
	switch c.Format {
	case "json":
		return show.JSON(out, runs)
	case "csv":
		return show.CSV(out, runs)
	case "html":
		return show.HTML(out, runs)
	case "bench":
		return show.Lines(out, runs)
	}
	return show.Text(out, runs)
}

func (c *reportCommand) read() (all []*loadtest.Results, err error) {
	if len(c.Files) == 0 {
		c.Files = []string{"-"}
	}
	for _, name := range c.Files {
		runs, err := readRuns(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, runs...)
	}
	tellApart(all)
	return all, nil
}

// tellApart numbers runs that have the same name.
func tellApart(runs []*loadtest.Results) {
	seen := map[string]int{}
	for _, r := range runs {
		seen[r.Info.Name]++
		if n := seen[r.Info.Name]; n > 1 {
			r.Info.Name = fmt.Sprintf("%s (%d)", r.Info.Name, n)
		}
	}
}

func readRuns(name string) ([]*loadtest.Results, error) {
	if name == "-" {
		return loadtest.Read(os.Stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return loadtest.Read(f)
}
