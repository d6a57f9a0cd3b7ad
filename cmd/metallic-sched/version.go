package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCommand shows what was built.
type versionCommand struct{}

// Run implements the command.
func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, programVersion())
	return err
}

// versionString is the version alone.
func versionString() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}

// programVersion describes this program.
func programVersion() string {
	info, _ := debug.ReadBuildInfo()
	return versionLine(info)
}

// versionLine describes a build; info is nil for one that says nothing.
func versionLine(info *debug.BuildInfo) string {
	version, commit, changed := moduleVersion(info), "unknown", ""
	if info != nil {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " with changes"
			}
		}
	}
	return fmt.Sprintf("metallic-sched %s, commit %s%s, %s %s/%s",
		version, commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// moduleVersion is the version alone.
func moduleVersion(info *debug.BuildInfo) string {
	if info == nil || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
