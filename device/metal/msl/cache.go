package msl

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// cacheVariable names the environment variable that moves the cache.
const cacheVariable = "METALLIC_CACHE_DIR"

//go:embed runtime/*.h
var runtimeFiles embed.FS

// translator is this package's own part in a result.
//
//go:embed argument.go attribute.go build.go check.go declaration.go emit.go extent.go mention.go names.go recursion.go source.go token.go translate.go types.go variable.go
var translator embed.FS

// ABI is the C header of what a library made by Build exports.
//
//go:embed runtime/msl_abi.h
var ABI string

// headers are what a source may include: the prelude has all of it.
var headers = []string{
	"metal_stdlib", "metal_array", "metal_atomic", "metal_common", "metal_compute", "metal_geometric", "metal_integer",
	"metal_limits", "metal_math", "metal_matrix", "metal_numeric", "metal_packed_types", "metal_relational", "metal_simdgroup",
	"metal_simdgroup_matrix", "metal_type_traits", "metal_types", "metal_uniform",
}

// layHeaders writes the runtime, and empty headers for the source to include,
// under directory.
func layHeaders(directory string) error {
	include := filepath.Join(directory, "include")
	if err := os.MkdirAll(include, 0o700); err != nil {
		return fmt.Errorf("msl: %w", err)
	}
	for _, name := range headers {
		if err := os.WriteFile(filepath.Join(include, name), nil, 0o600); err != nil {
			return fmt.Errorf("msl: %w", err)
		}
	}
	files, err := fs.ReadDir(runtimeFiles, "runtime")
	if err != nil {
		return fmt.Errorf("msl: %w", err)
	}
	for _, f := range files {
		text, err := runtimeFiles.ReadFile("runtime/" + f.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(directory, f.Name()), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("msl: %w", err)
		}
	}
	return nil
}

// key names a result by everything that goes into it.
func key(c compiler, source string, o Options) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%v\x00%v\x00", c.path, c.version, languageFlags(""), outputFlags(o))
	for _, files := range []embed.FS{runtimeFiles, translator} {
		_ = fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, _ error) error {
			text, _ := files.ReadFile(name) // nothing of a directory
			h.Write(text)
			return nil
		})
	}
	h.Write([]byte(source))
	name := hex.EncodeToString(h.Sum(nil)[:16])
	if !o.Executable {
		name += ".so"
	}
	return name
}

func cacheDirectory() (string, error) {
	if d := os.Getenv(cacheVariable); d != "" {
		return filepath.Abs(d)
	}
	d, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("msl: no place to keep results, name one in %s: %w", cacheVariable, err)
	}
	return filepath.Join(d, "metallic-sched", "msl"), nil
}

// keptFor is how long a result is kept that nobody asks for.
const keptFor = 30 * 24 * time.Hour

// prune removes what was not used since a time, as far as it can: it is a cache.
func prune(directory string, since time.Time) {
	entries, _ := os.ReadDir(directory)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.ModTime().Before(since) {
			_ = os.RemoveAll(filepath.Join(directory, e.Name()))
		}
	}
}

// cached returns the path of the result called name, which build makes in a
// directory that is its own when it is not there yet. Processes may race: each
// makes its own, and a rename lets one whole result take the name.
func cached(name string, build func(directory string) (string, error)) (string, error) {
	directory, err := cacheDirectory()
	if err != nil {
		return "", err
	}
	path := filepath.Join(directory, name)
	now := time.Now()
	if _, err := os.Stat(path); err == nil {
		_ = os.Chtimes(path, now, now) // used just now; a cache that cannot be written will do
		return path, nil
	}
	prune(directory, now.Add(-keptFor))
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return "", fmt.Errorf("msl: %w", err)
	}
	work, err := os.MkdirTemp(directory, "building-"+strings.TrimSuffix(name, ".so")+"-")
	if err != nil {
		return "", fmt.Errorf("msl: %w", err)
	}
	defer os.RemoveAll(work)
	result, err := build(work)
	if err != nil {
		return "", err
	}
	if err := os.Rename(result, path); err != nil {
		return "", fmt.Errorf("msl: %w", err)
	}
	return path, nil
}
