package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnvironment(t *testing.T) {
	t.Setenv("METALLIC_DEVICE", "sim")
	cfg, err := environment("")
	require.NoError(t, err)
	require.Equal(t, "sim", cfg.DeviceName)
	cfg, err = environment("cpu")
	require.NoError(t, err)
	require.Equal(t, "cpu", cfg.DeviceName, "a flag counts more")
}

// Commands that run no jobs leave no recorder open.
func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	t.Setenv("METALLIC_METRICS_JSONL_PATH", path)
	cfg, err := settings("")
	require.NoError(t, err)
	require.Nil(t, cfg.Recorder)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, text)
}
