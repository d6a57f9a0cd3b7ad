package msl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Lint checks a source with Metal's address spaces told apart: that no pointer
// changes its space and nothing constant is written; and that it is C++14, with
// arrays and constants whose sizes and values are known. It compiles to nothing.
// It does not look at how structures are initialised and assigned: Build does.
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
	loud := slices.DeleteFunc(languageFlags(directory), func(flag string) bool { return flag == "-w" })
	_, err = c.run(ctx, directory, "", slices.Concat(loud, lintFlags, []string{file})...)
	return withoutStructures(err)
}

// lintFlags are for what clang takes and Metal does not, or only with a warning:
// address spaces mixed up, what came after C++14, arrays of a size that is known
// at run time only, variables that a program would have to initialise.
var lintFlags = []string{
	"-DMSL_LINT", "-fsyntax-only", "-ferror-limit=0", "-Wno-everything",
	"-Werror=pre-c++17-compat", "-Werror=pre-c++17-compat-pedantic",
	"-Werror=pre-c++20-compat", "-Werror=pre-c++20-compat-pedantic",
	"-Werror=vla", "-Werror=vla-extension", "-Werror=global-constructors", "-Werror=c++11-narrowing",
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
