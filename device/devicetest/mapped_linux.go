package devicetest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Mapped returns memory of its own pages with a protection, such as unix.PROT_NONE:
// like a caller's that is gone. It is unmapped at the end of the test.
func Mapped(t testing.TB, bytes, protection int) []byte {
	t.Helper()
	memory, err := unix.Mmap(-1, 0, bytes, protection, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Munmap(memory)) })
	return memory
}
