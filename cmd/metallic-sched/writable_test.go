package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("kept"), 0o600))
	for _, check := range []func(string) error{writable, writableInPlace} {
		require.NoError(t, check(file))
		require.NoError(t, check(filepath.Join(dir, "new")))
		require.EqualError(t, check(dir), dir+" is a directory; allowed: a file")
		require.ErrorIs(t, check(filepath.Join(dir, "none", "file")), os.ErrNotExist)
	}
	require.NoError(t, writableInPlace(os.DevNull))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "kept", string(text))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
