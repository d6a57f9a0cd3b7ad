package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/tune"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

const (
	profileVariable = "METALLIC_PROFILE"
	profileFile     = "metallic-sched-profile.json"
)

// paths returns where the profile goes. A profile of earlier has no say in what
// is measured, and need not be there.
func (c *tuneCommand) paths() (path string) {
	path = profileFile
	if v := os.Getenv(profileVariable); v != "" {
		path = v
		_ = os.Unsetenv(profileVariable) // it exists
	}
	if c.Output != "" {
		path = c.Output
	}
	if c.HTML == "" {
		c.HTML = strings.TrimSuffix(path, filepath.Ext(path)) + ".html"
	}
	return path
}

// write tells what is in the profile and saves it and the page. What was found is
// told also if it cannot be saved.
func (c *tuneCommand) write(out io.Writer, path string, p *profile.Profile) error {
	showProfile(out, p)
	err := errors.Join(p.Save(path), writeFile(c.HTML, func(w io.Writer) error { return tune.HTML(w, p) }))
	if err == nil {
		fmt.Fprintf(out, "\nThe profile is in %s, with pictures in %s. To use it:\nexport %s=%s\n", path, c.HTML, profileVariable, path)
	}
	fmt.Fprintln(out, "The same without a file, but for the times of kernels:")
	for _, v := range p.Settings.Variables() {
		fmt.Fprintf(out, "export %s=%s\n", v.Name, v.Value)
	}
	return err
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
