//go:build linux && (amd64 || arm64)

package driver

import (
	"fmt"
	"strings"
	"unsafe"
)

// Compiler is NVRTC, which compiles CUDA C++ at run time. Its methods need no
// context and may be called from any goroutine.
type Compiler struct {
	Version
	nvrtc *library
}

const (
	rtcVersion = iota
	rtcCreate
	rtcDestroy
	rtcCompile
	rtcCodeSize
	rtcCode
	rtcLogSize
	rtcLog
)

var compilerNames = []string{
	"nvrtcVersion", "nvrtcCreateProgram", "nvrtcDestroyProgram", "nvrtcCompileProgram",
	"nvrtcGetCUBINSize", "nvrtcGetCUBIN", "nvrtcGetProgramLogSize", "nvrtcGetProgramLog",
}

// LoadCompiler finds NVRTC: one whose code a driver of the version runs, or else
// a newer one, which TooNew tells. One that is named and cannot be used is a
// *LibraryError.
func LoadCompiler(known Version) (*Compiler, error) {
	nvrtc, err := find("METALLIC_CUDA_NVRTC", filesOf("libnvrtc.so", known), compilerNames, func(l *library) bool {
		c, err := compilerOf(l)
		return err == nil && known.Runs(c.Version)
	})
	if err != nil {
		return nil, fmt.Errorf("no NVRTC: %w", err)
	}
	c, err := compilerOf(nvrtc)
	return c, nvrtc.unfit(err)
}

func compilerOf(l *library) (*Compiler, error) {
	c := &Compiler{nvrtc: l}
	return c, c.do(rtcVersion, uintptr(unsafe.Pointer(&c.Major)), uintptr(unsafe.Pointer(&c.Minor)))
}

// TooNew returns a *TooNew if a driver of the version need not run the code.
func (c *Compiler) TooNew(known Version) error {
	if known.Runs(c.Version) {
		return nil
	}
	return &TooNew{Library: "NVRTC", Path: c.Path(), Version: c.Version, Driver: known}
}

// Unfit returns why the compiler cannot be used: a *LibraryError if it was named.
func (c *Compiler) Unfit(err error) error { return c.nvrtc.unfit(err) }

// Path is the file that was found.
func (c *Compiler) Path() string { return c.nvrtc.path }

//go:uintptrescapes
func (c *Compiler) do(function int, args ...uintptr) error {
	code := c.nvrtc.call(function, args...)
	if code == 0 {
		return nil
	}
	return fmt.Errorf("%s: result %d", compilerNames[function], code)
}

// NoCode says that NVRTC has compiled a source and made no machine code of it.
type NoCode struct {
	Name     string // of the source
	Options  []string
	Compiler Version
	Path     string
}

func (e *NoCode) Error() string {
	return fmt.Sprintf("NVRTC %v (%s) made no machine code of %s with %s; allowed is an architecture sm_NN that it knows",
		e.Compiler, e.Path, e.Name, strings.Join(e.Options, " "))
}

// Compile returns machine code, at least a byte. An error has the compiler's own
// words; a *NoCode is one.
func (c *Compiler) Compile(name, source string, options []string) ([]byte, error) {
	var program uintptr
	text, title := append([]byte(source), 0), append([]byte(name), 0)
	if err := c.do(rtcCreate, uintptr(unsafe.Pointer(&program)), uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&title[0])), 0, 0, 0); err != nil {
		return nil, err
	}
	defer func() { _ = c.do(rtcDestroy, uintptr(unsafe.Pointer(&program))) }()
	list := make([]*byte, len(options))
	for i, o := range options {
		list[i] = unsafe.SliceData(append([]byte(o), 0))
	}
	err := c.do(rtcCompile, program, uintptr(len(list)), uintptr(unsafe.Pointer(unsafe.SliceData(list))))
	if err != nil {
		log, _ := c.output(program, rtcLogSize, rtcLog)
		return nil, fmt.Errorf("%w: %s", err, strings.TrimRight(string(log), "\x00\n"))
	}
	code, err := c.output(program, rtcCodeSize, rtcCode)
	if err == nil && len(code) == 0 {
		err = &NoCode{Name: name, Options: options, Compiler: c.Version, Path: c.Path()}
	}
	return code, err
}

func (c *Compiler) output(program uintptr, sizeOf, read int) ([]byte, error) {
	var size uint64
	if err := c.do(sizeOf, program, uintptr(unsafe.Pointer(&size))); err != nil || size == 0 {
		return nil, err
	}
	out := make([]byte, size)
	return out, c.do(read, program, uintptr(unsafe.Pointer(&out[0])))
}
