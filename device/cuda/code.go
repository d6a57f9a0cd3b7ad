//go:build linux && (amd64 || arm64)

package cuda

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// machineCode compiles a source for an architecture, or takes what a cache on disk has of it. That
// is in METALLIC_CACHE_DIR, or else the user's cache directory; without either,
// and where it cannot be written, every start compiles.
func (d *Device) machineCode(name, source, architecture string) ([]byte, error) {
	options := []string{"--gpu-architecture=" + architecture, "--std=c++17", "-DGRID_CONSTANT=__grid_constant__"}
	file := ""
	if directory := cacheDirectory(); directory != "" {
		hash := sha256.Sum256(fmt.Appendf(nil, "%d.%d\x00%q\x00%s", d.compiler.Major, d.compiler.Minor, options, source))
		file = filepath.Join(directory, hex.EncodeToString(hash[:16])+".cubin")
		if code, ok := cached(file); ok {
			return code, nil
		}
	}
	code, err := d.compiler.Compile(name, source, options)
	if err != nil {
		return nil, err
	}
	if file != "" {
		keep(file, code)
	}
	return code, nil
}

func cacheDirectory() string {
	if directory := os.Getenv("METALLIC_CACHE_DIR"); directory != "" {
		return filepath.Join(directory, "cuda")
	}
	if directory, err := os.UserCacheDir(); err == nil {
		return filepath.Join(directory, "metallic-sched", "cuda")
	}
	return ""
}

// cached reads a file that ends with the hash of what stands before it.
func cached(file string) ([]byte, bool) {
	all, err := os.ReadFile(file)
	if err != nil || len(all) <= sha256.Size {
		return nil, false
	}
	code := all[:len(all)-sha256.Size]
	return code, sha256.Sum256(code) == [sha256.Size]byte(all[len(code):])
}

// A file has such a name while it is written. One that is older than stale was
// left by a process that was killed.
const (
	unfinished = "new-*"
	stale      = time.Hour
)

// sweep removes what was left in a cache.
func sweep(directory string, now time.Time) {
	files, _ := os.ReadDir(directory)
	for _, f := range files {
		about, err := f.Info()
		if matched, _ := filepath.Match(unfinished, f.Name()); matched && err == nil && now.Sub(about.ModTime()) > stale {
			_ = os.Remove(filepath.Join(directory, f.Name()))
		}
	}
}

// keep writes such a file if it can. Others see all of it or nothing.
func keep(file string, code []byte) {
	if os.MkdirAll(filepath.Dir(file), 0o700) != nil {
		return
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), unfinished)
	if err != nil {
		return
	}
	hash := sha256.Sum256(code)
	_, err = temporary.Write(append(code[:len(code):len(code)], hash[:]...))
	if closing := temporary.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
}
