package blas

import (
	"errors"
	"path/filepath"
	"strings"
)

// loader is how libraries are opened, so that tests can do without.
type loader interface {
	open(name string) (handle uintptr, err error)
	symbol(handle uintptr, name string) (address uintptr, err error)
	// bind points fn, a pointer to a Go function variable, at an address.
	bind(fn any, address uintptr)
}

func open(name string, from loader) (*Library, error) {
	handle, err := from.open(name)
	if err != nil {
		return nil, err
	}
	l := &Library{Path: name}
	for _, s := range []struct {
		fn   any
		name string
	}{{&l.sgemm, "cblas_sgemm"}, {&l.sgemv, "cblas_sgemv"}} {
		address, err := from.symbol(handle, s.name)
		if err != nil || address == 0 {
			return nil, errors.New("it has no " + s.name)
		}
		from.bind(s.fn, address)
	}
	l.recognise(handle, from)
	return l, nil
}

// missing tells a library that is not installed from one that is broken.
func missing(err error) bool { return strings.Contains(err.Error(), "No such file") }

// makes are the libraries we know, by the function that sets their threads.
var makes = []struct {
	name, threads string
	version       func(handle uintptr, from loader) string
}{
	{"OpenBLAS", "openblas_set_num_threads", openBLASVersion},
	{"BLIS", "bli_thread_set_num_threads", blisVersion},
	{"MKL", "MKL_Set_Num_Threads", mklVersion},
}

func (l *Library) recognise(handle uintptr, from loader) {
	for _, m := range makes {
		if address, err := from.symbol(handle, m.threads); err == nil && address != 0 {
			from.bind(&l.setThreads, address)
			l.Name, l.Version = m.name, m.version(handle, from)
			return
		}
	}
	l.Name = "BLAS"
	if filepath.Base(l.Path) == "Accelerate" {
		l.Name = "Accelerate"
	}
}

// openBLASVersion returns the version and the processor that the library was
// started for, of a text such as "OpenBLAS 0.3.21 DYNAMIC_ARCH ...".
func openBLASVersion(handle uintptr, from loader) string {
	words := strings.Fields(text("openblas_get_config", handle, from))
	if len(words) < 2 || words[0] != "OpenBLAS" {
		return ""
	}
	if core := text("openblas_get_corename", handle, from); core != "" {
		return words[1] + " " + core
	}
	return words[1]
}

func blisVersion(handle uintptr, from loader) string {
	return text("bli_info_get_version_str", handle, from)
}

func mklVersion(handle uintptr, from loader) string {
	address, err := from.symbol(handle, "MKL_Get_Version_String")
	if err != nil || address == 0 {
		return ""
	}
	var read func(buffer *byte, length int32)
	from.bind(&read, address)
	buffer := make([]byte, 200)
	read(&buffer[0], int32(len(buffer)-1))
	line, _, _ := strings.Cut(string(buffer), "\x00")
	return strings.TrimSpace(line)
}

// text calls a function that returns a string, "" if there is none.
func text(symbol string, handle uintptr, from loader) string {
	address, err := from.symbol(handle, symbol)
	if err != nil || address == 0 {
		return ""
	}
	var call func() string
	from.bind(&call, address)
	return call()
}
