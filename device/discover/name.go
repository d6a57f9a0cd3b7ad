package discover

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metallic-sched/metallic-sched/device"
)

// NameSyntax says how devices are named.
const NameSyntax = "auto, metal, cuda, cpu, sim (also cuda:1, cuda:0,cuda:1, cuda:0-3, cuda:all)"

// all stands for every number that there is.
const all = "all"

// mostNumbers bounds a range: no machine has as many.
const mostNumbers = 256

// Several reports whether names, which Check has accepted, may be more than one
// device.
func Several(names string) bool {
	return strings.ContainsAny(names, ",-") || strings.HasSuffix(names, ":"+all)
}

// Check returns what is wrong with the name of a device or of several; it does
// not look whether there are such.
func Check(names string) error {
	_, err := split(names, func(string) (int, error) { return 1, nil })
	return err
}

// Expand returns the names of the devices that a list like cuda:0,cuda:1 means,
// each of which Open takes. Only for cuda:all it looks at what there is.
func Expand(names string) ([]string, error) {
	return split(names, func(kind string) (int, error) {
		return backends[indexOf(kind)].count()
	})
}

// split is Expand with a way to count a kind of devices.
func split(names string, count func(kind string) (int, error)) (list []string, err error) {
	seen := map[string]bool{}
	for item := range strings.SplitSeq(names, ",") {
		expanded, err := expand(item, count)
		if err != nil {
			return nil, err
		}
		for _, name := range expanded {
			kind, number, err := parse(name)
			switch place := fmt.Sprint(kind, number); {
			case err != nil:
				return nil, err
			case kind == Auto && names != Auto:
				return nil, fmt.Errorf("devices %q: auto is one device; allowed: %s", names, NameSyntax)
			case seen[place]:
				return nil, fmt.Errorf("devices %q: %s is there twice", names, name)
			default:
				seen[place] = true
				list = append(list, name)
			}
		}
	}
	return list, nil
}

// expand returns the names that one item of a list stands for.
func expand(item string, count func(kind string) (int, error)) ([]string, error) {
	kind, numbers, _ := strings.Cut(item, ":")
	from, to, isRange := strings.Cut(numbers, "-")
	if numbers != all && !isRange {
		return []string{item}, nil
	}
	if indexOf(kind) < 0 {
		return nil, unknown(item)
	}
	first, last := 0, 0
	if isRange {
		var bad [2]error
		first, bad[0] = strconv.Atoi(from)
		last, bad[1] = strconv.Atoi(to)
		if errors.Join(bad[:]...) != nil || first < 0 || first > last || last-first >= mostNumbers {
			return nil, unknown(item)
		}
	} else {
		n, err := count(kind)
		if err == nil && n == 0 {
			err = fmt.Errorf("%w: there is none", device.ErrUnavailable)
		}
		if err != nil {
			return nil, fmt.Errorf("device %s: %w", item, err)
		}
		last = n - 1
	}
	var list []string
	for n := first; n <= last; n++ {
		list = append(list, fmt.Sprintf("%s:%d", kind, n))
	}
	return list, nil
}

// parse takes the name of one device apart.
func parse(name string) (kind string, number int, err error) {
	kind, text, numbered := strings.Cut(name, ":")
	if numbered {
		number, err = strconv.Atoi(text)
	}
	if err != nil || number < 0 || kind == Auto && numbered || kind != Auto && indexOf(kind) < 0 {
		return "", 0, unknown(name)
	}
	return kind, number, nil
}

func unknown(name string) error {
	return fmt.Errorf("device %q is not known; allowed are %s", name, NameSyntax)
}

func indexOf(kind string) int {
	return slices.IndexFunc(backends, func(b backend) bool { return b.name == kind })
}
