package main

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersionLine(t *testing.T) {
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc123"}, {Key: "vcs.modified", Value: "true"}}}
	info.Main.Version = "v1.2.3"
	require.Contains(t, versionLine(info), "metallic-sched v1.2.3, commit abc123 with changes, go1.")
	info.Settings[1].Value = "false"
	require.Contains(t, versionLine(info), "commit abc123, go1.")
	require.Contains(t, versionLine(nil), "metallic-sched (unknown), commit unknown, go1.")
}
