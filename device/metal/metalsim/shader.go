//go:build darwin || linux

package metalsim

import (
	"context"
	"errors"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device/metal/msl"
)

// compileShader is called by newLibraryWithSource, on its caller's thread. It
// writes the path of the compiled shader, or why there is none, into out, and
// returns twice the length of that, plus one if it is an error.
func compileShader(source *byte, length uintptr, out *byte, room uintptr) uintptr {
	path, err := msl.Build(context.Background(), string(unsafe.Slice(source, length)), msl.Options{})
	if err == nil {
		return 2 * answer(out, room, path)
	}
	text := err.Error()
	if failed := (*msl.CompileError)(nil); errors.As(err, &failed) {
		text = failed.Text
	}
	return 2*answer(out, room, text) + 1
}

func answer(out *byte, room uintptr, text string) uintptr {
	return uintptr(copy(unsafe.Slice(out, room), text))
}
