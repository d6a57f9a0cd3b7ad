package blas

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
)

// None is the name with which Find finds nothing.
const None = "none"

var found struct {
	sync.Mutex
	by map[string]result
}

type result struct {
	found *Library
	err   error
}

// Find opens the library of the given file name or path; with "" the first of
// the platform's usual ones that is there. It looks once for each name; a
// library stays open to the end of the process. The error says what was tried
// and what to do; that of a name is a *LibraryError.
func Find(name string) (*Library, error) {
	found.Lock()
	defer found.Unlock()
	r, ok := found.by[name]
	if !ok {
		r.found, r.err = find(name, dynamic{}, runtime.GOOS)
		if found.by == nil {
			found.by = map[string]result{}
		}
		found.by[name] = r
	}
	return r.found, r.err
}

// usual are the names under which a BLAS is found, the preferred first.
var usual = map[string][]string{
	"linux": {
		"libopenblas.so.0", "libopenblas.so",
		"libblis.so.4", "libblis.so.3", "libblis-mt.so.4", "libblis.so",
		"libmkl_rt.so.2", "libmkl_rt.so.1", "libmkl_rt.so",
	},
	"darwin": {"/System/Library/Frameworks/Accelerate.framework/Accelerate"},
}

// advice says how to get a library.
var advice = map[string]string{
	"linux": "install OpenBLAS (Debian, Ubuntu: libopenblas0-pthread; Fedora: openblas-threads) or name a library in METALLIC_BLAS",
}

func find(name string, from loader, goos string) (*Library, error) {
	switch name {
	case None:
		return nil, fmt.Errorf("BLAS is %q; name a library, or leave it empty to look for one", name)
	case "":
		return findUsual(from, goos)
	}
	l, err := open(name, from)
	if err != nil {
		return nil, &LibraryError{name, err}
	}
	return l, nil
}

func findUsual(from loader, goos string) (*Library, error) {
	tried := make([]string, 0, len(usual[goos]))
	for _, n := range usual[goos] {
		l, err := open(n, from)
		switch {
		case err == nil:
			return l, nil
		case !missing(err):
			n += " (" + err.Error() + ")"
		}
		tried = append(tried, n)
	}
	if len(tried) == 0 {
		tried = append(tried, "nothing, none is known for "+goos)
	}
	text := "no BLAS found: tried " + strings.Join(tried, ", ")
	if help := advice[goos]; help != "" {
		text += "; " + help
	}
	return nil, errors.New(text)
}
