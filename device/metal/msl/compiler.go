package msl

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// compilerVariable names the environment variable that overrides the search.
const compilerVariable = "METALLIC_CLANG"

const oldestClang = 17

const advice = "install clang 19 (Debian, Ubuntu: apt-get install clang-19) or name one in " + compilerVariable

var clangVersion = regexp.MustCompile(`clang version (\d+)\.`)

// compiler is a clang++ and what tells it from others.
type compiler struct {
	path    string
	version string // the first line of clang's own
}

// FindCompiler returns the path of the compiler that Build uses: what
// METALLIC_CLANG names, else clang++-19, else a clang++ of version 17 or later.
// The error says how to get one.
func FindCompiler() (string, error) {
	c, err := findCompiler()
	return c.path, err
}

func findCompiler() (compiler, error) {
	if name := os.Getenv(compilerVariable); name != "" {
		return probe(name)
	}
	if c, err := probe("clang++-19"); err == nil {
		return c, nil
	}
	return probe("clang++")
}

var probed sync.Map // path -> compiler

// probe checks that name is a clang++ that is young enough.
func probe(name string) (compiler, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return compiler{}, fmt.Errorf("msl: no compiler: %w; %s", err, advice)
	}
	if c, ok := probed.Load(path); ok {
		return c.(compiler), nil
	}
	out, err := exec.CommandContext(context.Background(), path, "--version").Output()
	if err != nil {
		return compiler{}, fmt.Errorf("msl: %s --version: %w; %s", path, err, advice)
	}
	version, _, _ := strings.Cut(string(out), "\n")
	m := clangVersion.FindStringSubmatch(version)
	if m == nil {
		return compiler{}, fmt.Errorf("msl: %s is no clang but %q; %s", path, version, advice)
	}
	if major, err := strconv.Atoi(m[1]); err != nil || major < oldestClang {
		return compiler{}, fmt.Errorf("msl: %s is clang %s; %d is the oldest that will do; %s", path, m[1], oldestClang, advice)
	}
	c := compiler{path, version}
	probed.Store(path, c)
	return c, nil
}
