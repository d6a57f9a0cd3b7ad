package msl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
)

// Options say what Build makes. The zero value is a shared library.
type Options struct {
	// Sanitizer other than None needs Executable: a sanitizer must be there from
	// the start of a process.
	Sanitizer Sanitizer
	// Executable is for Start, a shared library for Open.
	Executable bool
}

// Build compiles a whole MSL source text and returns the path of the library or
// executable. It is kept, by all that goes into it, in METALLIC_CACHE_DIR, or
// metallic-sched/msl under the user's cache directory, and made at most once;
// several processes may build the same at once. A source that does not compile
// gives a *CompileError.
func Build(ctx context.Context, source string, o Options) (path string, err error) {
	if o.Sanitizer != None && !o.Executable {
		return "", fmt.Errorf("msl: the %s sanitizer needs an executable", o.Sanitizer)
	}
	c, err := findCompiler()
	if err != nil {
		return "", err
	}
	return cached(key(c, source, o), func(directory string) (string, error) {
		return build(ctx, c, directory, source, o)
	})
}

// build makes the result in a directory of its own and returns its path.
func build(ctx context.Context, c compiler, directory, source string, o Options) (string, error) {
	s, err := prepare(ctx, c, directory, source)
	if err != nil {
		return "", err
	}
	file, result := filepath.Join(directory, "shader.cpp"), filepath.Join(directory, "result")
	if err := os.WriteFile(file, []byte(s.program(o.Executable)), 0o600); err != nil {
		return "", fmt.Errorf("msl: %w", err)
	}
	arguments := append(languageFlags(directory), outputFlags(o)...)
	_, err = c.run(ctx, directory, "", append(arguments, file, "-o", result, "-lm")...)
	return result, err
}

// prepare lays the headers out and translates the source.
func prepare(ctx context.Context, c compiler, directory, text string) (*source, error) {
	if err := layHeaders(directory); err != nil {
		return nil, err
	}
	text, err := c.run(ctx, directory, fmt.Sprintf("#line 1 %q\n%s", sourceName, text), preprocessFlags(directory)...)
	if err != nil {
		return nil, err
	}
	return translate(text)
}

// run runs the compiler with input and returns its output. What it says goes
// into a *CompileError, without the directory where its files are.
func (c compiler) run(ctx context.Context, directory, input string, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.path, arguments...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() && ctx.Err() == nil {
		return "", &CompileError{Text: tidy(stderr.String(), directory)}
	}
	if err != nil {
		return "", fmt.Errorf("msl: %s: %w", c.path, errors.Join(err, ctx.Err()))
	}
	return out.String(), nil
}

// tidy drops the directory of the files, and what follows from an error of the
// source in the text behind it.
func tidy(text, directory string) string {
	text = strings.ReplaceAll(text, directory+"/", "")
	if source, _, found := strings.Cut(text, "In file included from "+tablesName+":"); found && strings.Contains(source, "error:") {
		text = source
	}
	return strings.TrimSpace(text)
}

func preprocessFlags(directory string) []string {
	return []string{
		"-E", "-x", "c++", "-std=c++20", "-nostdinc", "-undef", "-fno-color-diagnostics",
		"-D__METAL__=1", "-D__METAL_VERSION__=310", "-D__METAL_MACOS__=1",
		"-I", filepath.Join(directory, "include"), "-",
	}
}

func languageFlags(directory string) []string {
	flags := []string{
		"-std=c++20", "-w", "-fno-color-diagnostics", "-I", directory,
		"-ffp-contract=off",               // the rounding is what the source says
		"-ftrivial-auto-var-init=pattern", // what was never set is NaN
		"-fno-math-errno", "-fno-strict-aliasing", "-fno-exceptions", "-fno-rtti",
		"-Xclang", "-cl-single-precision-constant", // 1.0 is a float
		"-Xclang", "-ffloat16-excess-precision=none", // every operation on half rounds
	}
	if runtime.GOARCH == "amd64" && cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		flags = append(flags, "-march=x86-64-v3")
	}
	return flags
}

func outputFlags(o Options) []string {
	flags := []string{"-O1"}
	if !o.Executable {
		return append(flags, "-shared", "-fPIC", "-fvisibility=hidden")
	}
	// Calls stay calls, so that reports show them.
	flags = append(flags, "-g", "-fno-inline", "-fdebug-compilation-dir="+debugRoot, "-fno-omit-frame-pointer")
	switch o.Sanitizer {
	case None:
	case Thread:
		flags = append(flags, "-fsanitize=thread")
	case Address:
		// array-bounds finds what stays within an array of arrays.
		flags = append(flags, "-fsanitize=address,array-bounds,alignment", "-fno-sanitize-recover=all")
	}
	return flags
}
