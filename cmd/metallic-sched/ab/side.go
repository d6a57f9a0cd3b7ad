package ab

import (
	"fmt"
	"strings"
)

// Side is one of the two that are compared.
type Side int

// The sides. Differences are those of B against A.
const (
	A Side = iota
	B
)

func (s Side) String() string {
	if s == A {
		return "a"
	}
	return "b"
}

func (s Side) other() Side { return 1 - s }

// ParseSettings reads NAME=VALUE settings with spaces between them. An empty
// text has none.
func ParseSettings(text string) ([]string, error) {
	settings := strings.Fields(text)
	for _, s := range settings {
		if name, _, ok := strings.Cut(s, "="); !ok || name == "" {
			return nil, fmt.Errorf("%q is no setting; allowed: NAME=VALUE, several with spaces between them, or nothing", s)
		}
	}
	return settings, nil
}
