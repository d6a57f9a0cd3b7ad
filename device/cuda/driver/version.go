//go:build linux && (amd64 || arm64)

package driver

import "fmt"

// Version is one of CUDA: the newest that a driver knows, or a library's own.
type Version struct{ Major, Minor int32 }

func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Runs reports whether a driver of this version is meant to run what a library
// of another makes: of its own major version or an older one. NVIDIA promises no
// more than that.
func (v Version) Runs(library Version) bool { return library.Major <= v.Major }

// TooNew is a library of the CUDA toolkit that wants a newer driver.
type TooNew struct {
	Library string // NVRTC, cuBLAS
	Path    string
	Version Version // its own
	Driver  Version
}

func (e *TooNew) Error() string {
	return fmt.Sprintf("%s %v (%s) is too new: the driver is for CUDA %v; allowed are %s %d or older, or a driver for CUDA %d",
		e.Library, e.Version, e.Path, e.Driver, e.Library, e.Driver.Major, e.Version.Major)
}

// The major versions of the toolkit whose libraries are looked for.
const oldestToolkit, newestToolkit = 12, 13

// filesOf lists where a library of the toolkit may be: first those of versions
// that the driver runs, the newest first, then those without a version in the
// name, then newer ones.
func filesOf(library string, driver Version) (files []string) {
	add := func(suffix string) {
		files = append(files, library+suffix, "/usr/local/cuda/lib64/"+library+suffix)
	}
	newest := max(newestToolkit, driver.Major)
	for major := newest; major >= oldestToolkit; major-- {
		if driver.Runs(Version{Major: major}) {
			add(fmt.Sprintf(".%d", major))
		}
	}
	add("")
	for major := newest; major >= oldestToolkit; major-- {
		if !driver.Runs(Version{Major: major}) {
			add(fmt.Sprintf(".%d", major))
		}
	}
	return files
}
