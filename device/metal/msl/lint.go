package msl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Lint checks a source with Metal's address spaces told apart: that no pointer
// changes its space and nothing constant is written. It compiles to nothing. It
// does not look at how structures are initialised and assigned: Build does.
// Errors are a *CompileError.
func Lint(ctx context.Context, source string) error {
	c, err := findCompiler()
	if err != nil {
		return err
	}
	directory, err := os.MkdirTemp("", "msl-lint-")
	if err != nil {
		return fmt.Errorf("msl: %w", err)
	}
	defer os.RemoveAll(directory)
	s, err := prepare(ctx, c, directory, source)
	if err != nil {
		return err
	}
	file := filepath.Join(directory, "lint.cpp")
	if err := os.WriteFile(file, []byte(s.shader()), 0o600); err != nil {
		return fmt.Errorf("msl: %w", err)
	}
	_, err = c.run(ctx, directory, "", append(languageFlags(directory), "-DMSL_LINT", "-fsyntax-only", "-ferror-limit=0", file)...)
	return withoutStructures(err)
}

var (
	diagnosticPattern = regexp.MustCompile(`(?m)^(?:In file included from .*\n)*\S+:\d+:\d+: (?:fatal )?error: .*$`)
	// What the prelude's constructor of any parts cannot do: parts in braces, and
	// assignment, which is a member function for one address space only.
	structurePattern = regexp.MustCompile(`error: no matching constructor for initialization of ` +
		`|error: no viable overloaded '='(?s:.*)'this' object is in address space`)
)

// withoutStructures drops from a *CompileError what is about structures.
func withoutStructures(err error) error {
	e := (*CompileError)(nil)
	if !errors.As(err, &e) {
		return err
	}
	starts := diagnosticPattern.FindAllStringIndex(e.Text, -1)
	var kept strings.Builder
	for i, s := range starts {
		end := len(e.Text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		if d := e.Text[s[0]:end]; !structurePattern.MatchString(d) {
			kept.WriteString(d)
		}
	}
	if kept.Len() == 0 && len(starts) > 0 {
		return nil
	}
	return &CompileError{Text: strings.TrimSpace(kept.String())}
}
