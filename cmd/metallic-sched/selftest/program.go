package selftest

import (
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
)

// Program is what was run.
type Program struct {
	Version  string `json:"version"`
	Revision string `json:"revision"` // of the source, "" if it is not known
	Modified bool   `json:"modified"` // the source has changes since
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

// module is ours.
const module = "github.com/metallic-sched/metallic-sched"

func program() Program {
	p := Program{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		p.read(info)
	}
	if p.Revision == "" { // go run does not note it
		p.ask(output)
	}
	return p
}

func (p *Program) read(info *debug.BuildInfo) {
	p.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			p.Revision = s.Value
		case "vcs.modified":
			p.Modified = s.Value == "true"
		}
	}
}

// ask asks Git about the current directory, if our source is there.
func (p *Program) ask(output func(name string, args ...string) string) {
	if output("go", "list", "-m") != module {
		return
	}
	if p.Revision = output("git", "rev-parse", "HEAD"); p.Revision != "" {
		p.Modified = output("git", "status", "--porcelain", "--untracked-files=no") != ""
	}
}

// output returns what a command prints, "" if it fails.
func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
