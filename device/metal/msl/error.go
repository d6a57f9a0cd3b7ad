package msl

import (
	"errors"
	"fmt"
	"strings"
)

// What Run can find wrong with a job. Errors wrap one of these and say more.
var (
	ErrUnknownKernel     = errors.New("unknown kernel")
	ErrMissingBuffer     = errors.New("missing buffer")
	ErrMissingMemory     = errors.New("missing threadgroup memory")
	ErrMissingConstant   = errors.New("missing function constant")
	ErrConstantSize      = errors.New("function constant of another size")
	ErrGrid              = errors.New("bad grid") // empty, or too many threads in a threadgroup
	ErrMisaligned        = errors.New("misaligned buffer")
	ErrShortBuffer       = errors.New("short buffer")
	ErrThreadgroupMemory = errors.New("too much threadgroup memory")
	ErrBarrier           = errors.New("barrier not reached by all threads")
	ErrSimdgroup         = errors.New("simdgroup function without all lanes")
	ErrIndex             = errors.New("index out of range") // of a buffer or of threadgroup memory
	ErrClosed            = errors.New("closed")
)

// statuses are the errors of enum msl_status of the ABI.
var statuses = map[int]error{
	1: ErrUnknownKernel, 2: ErrMissingBuffer, 3: ErrMissingMemory, 4: ErrMissingConstant, 5: ErrConstantSize,
	6: ErrGrid, 7: ErrMisaligned, 8: ErrShortBuffer, 9: ErrThreadgroupMemory, 10: ErrBarrier, 11: ErrSimdgroup,
}

// statusError turns what a run returned into an error; 0 is none.
func statusError(status int, text string) error {
	if status == 0 {
		return nil
	}
	err, ok := statuses[status]
	if !ok {
		return fmt.Errorf("msl: unknown status %d: %s", status, text)
	}
	return fmt.Errorf("msl: %w: %s", err, text)
}

// CompileError says why a source does not compile.
type CompileError struct {
	// Text is the compiler's, in lines like "shader.metal:12:3: error: what".
	// Line numbers are those of the MSL source.
	Text string
}

func (e *CompileError) Error() string { return "msl: compilation failed:\n" + e.Text }

// SanitizerError is what a sanitizer reported during a run.
type SanitizerError struct {
	Sanitizer Sanitizer
	Kind      string   // as "data race", "heap-buffer-overflow", "index 4 out of bounds for type 'float[4]'"
	Places    []string // as "shader.metal:12", in the order of the report; may be empty
	Report    string   // the whole of it, with places in the MSL source
}

func (e *SanitizerError) Error() string {
	return fmt.Sprintf("msl: %s sanitizer: %s at %s\n%s", e.Sanitizer, e.Kind, strings.Join(e.Places, ", "), e.Report)
}
