//go:build darwin || linux

package metalsim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/metallic-sched/metallic-sched/device/metal/msl"
)

//go:embed src
var sources embed.FS

// Build compiles the library, unless that was done before: it is kept by its
// content under METALLIC_CACHE_DIR, or metallic-sched in the user's cache
// directory. It may take ten seconds, and any number of processes may do it at
// once. The error says how to get a compiler.
func Build(ctx context.Context) (path string, err error) {
	if runtime.GOOS != "linux" || (runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64") {
		return "", fmt.Errorf("metalsim: no simulator for %s/%s: it is written for linux/amd64 and linux/arm64", runtime.GOOS, runtime.GOARCH)
	}
	compiler, err := msl.FindCompiler()
	if err != nil {
		return "", fmt.Errorf("metalsim: %w", err)
	}
	name, err := cached(compiler)
	if err != nil {
		return "", fmt.Errorf("metalsim: %w", err)
	}
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	if err := compile(ctx, compiler, name); err != nil {
		return "", fmt.Errorf("metalsim: %w", err)
	}
	return name, nil
}

// flags are for one translation unit that includes all others.
func flags() []string {
	f := []string{
		"-x", "c++", "-std=c++20", "-O1", "-g", "-fPIC", "-shared", "-pthread", "-fno-exceptions", "-fvisibility=hidden",
		"-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "all.cc", "-lstdc++", "-lm", "-ldl", "-Wl,-z,defs", "-Wl,-Bsymbolic",
	}
	if runtime.GOARCH == "amd64" {
		f = append(f, "-mf16c") // half precision
	}
	return f
}

// cached returns the name of the library, which holds a hash of all it is made
// from.
func cached(compiler string) (string, error) {
	dir, err := cacheDirectory()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, compiler, flags(), msl.ABI)
	err = fs.WalkDir(sources, "src", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := sources.ReadFile(name)
		fmt.Fprintln(h, name, len(text))
		h.Write(text)
		return err
	})
	return filepath.Join(dir, "metalsim-"+hex.EncodeToString(h.Sum(nil)[:16])+".so"), err
}

// cacheDirectory is where package msl keeps shaders, too.
func cacheDirectory() (string, error) {
	dir := os.Getenv("METALLIC_CACHE_DIR")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(user, "metallic-sched")
	}
	dir, err := filepath.Abs(filepath.Join(dir, "metalsim"))
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// compile writes the sources to a directory of its own and the library beside
// its final name first, so that others see all of it or nothing.
func compile(ctx context.Context, compiler, name string) error {
	dir, err := os.MkdirTemp(filepath.Dir(name), "metalsim-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, sources); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "src", "msl_abi.h"), []byte(msl.ABI), 0o600); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, compiler, append(flags(), "-o", "library.so")...)
	command.Dir = filepath.Join(dir, "src")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", compiler, err, output.Bytes())
	}
	return os.Rename(filepath.Join(dir, "src", "library.so"), name)
}
