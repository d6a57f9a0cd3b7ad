package selftest

import (
	"os"
	"os/user"
	"regexp"
	"strings"
)

// Scrubber returns a function that takes out of text what is private on this
// machine: directories, the names of the user and of the host.
func Scrubber() func(string) string {
	home, _ := os.UserHomeDir()
	dir, _ := os.Getwd()
	host, _ := os.Hostname()
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return scrubber([]string{dir, home}, map[string]string{host: "HOST", name: "USER"})
}

// directories are whatever is absolute; of a path its last part is kept.
var directories = regexp.MustCompile(`(^|[\s"'=(\[:,])/(?:[^\s/:"'()]+/)+([^\s/:"'()]*)`)

// scrubber removes the prefixes, then all directories, then replaces words.
func scrubber(prefixes []string, words map[string]string) func(string) string {
	type word struct {
		is  *regexp.Regexp
		now string
	}
	var all []word
	for w, now := range words {
		if len(w) > 1 {
			all = append(all, word{regexp.MustCompile(`\b` + regexp.QuoteMeta(w) + `\b`), now})
		}
	}
	return func(text string) string {
		for _, p := range prefixes {
			if len(p) > 1 {
				text = strings.ReplaceAll(text, p, "/-/-")
			}
		}
		text = directories.ReplaceAllString(text, "$1$2")
		for _, w := range all {
			text = w.is.ReplaceAllString(text, w.now)
		}
		return text
	}
}
