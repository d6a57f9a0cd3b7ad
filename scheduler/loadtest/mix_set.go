package loadtest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

var errNoSuchKey = errors.New("not known here")

func (k *Kind) set(name, value string, valued bool) error {
	if !valued {
		return k.setFlag(name)
	}
	name, known := k.keyOf(name)
	if !known {
		return errNoSuchKey
	}
	for _, set := range []func(string, string) error{k.setNumber, k.setType, k.setRate, k.setOther} {
		if err := set(name, value); !errors.Is(err, errNoSuchKey) {
			return err
		}
	}
	return errNoSuchKey
}

// keyOf returns what a key of the kind's operation is called here.
func (k *Kind) keyOf(name string) (key string, known bool) {
	keys, others := map[string]string(nil), []string{"m", "n", "k", "a", "b", "c", "loaded", "operands", "heads", "values"}
	switch {
	case k.Softmax:
		keys = map[string]string{"rows": "m", "cols": "n"}
	case k.Attention:
		keys = map[string]string{"rows": "m", "keys": "n", "dim": "k", "kvheads": "batch", "heads": "heads", "values": "values"}
		others = append(others, "batch")
	default:
		others = []string{"offset", "heads", "values"}
	}
	if key, known = keys[name]; known {
		return key, true
	}
	return name, !slices.Contains(others, name)
}

func (k *Kind) setFlag(name string) error {
	flags := map[string]*bool{"transa": &k.TransA, "transb": &k.TransB, "bias": &k.Bias}
	if k.Softmax || k.Attention {
		flags = map[string]*bool{"causal": &k.Causal}
	}
	f := flags[name]
	if f == nil {
		return errNoSuchKey
	}
	*f = true
	return nil
}

func (k *Kind) setNumber(name, value string) (err error) {
	field := map[string]*int{
		"batch": &k.Batch, "m": &k.M, "n": &k.N, "k": &k.K, "operands": &k.Operands, "offset": &k.Offset,
		"heads": &k.Heads, "values": &k.Values,
	}[name]
	if field == nil {
		return errNoSuchKey
	}
	*field, err = strconv.Atoi(value)
	return err
}

func (k *Kind) setType(name, value string) error {
	fields := map[string][]*tensor.DType{"dtype": {&k.A, &k.B, &k.C}, "a": {&k.A}, "b": {&k.B}, "c": {&k.C}}[name]
	if fields == nil {
		return errNoSuchKey
	}
	dt, err := tensor.ParseDType(value)
	for _, f := range fields {
		*f = dt
	}
	return err
}

func (k *Kind) setRate(name, value string) error {
	field := map[string]*float64{"cancel": &k.Cancel, "poison": &k.Poison, "invalid": &k.Invalid}[name]
	if field == nil {
		return errNoSuchKey
	}
	number, percent := strings.CutSuffix(value, "%")
	x, err := strconv.ParseFloat(number, 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x >= 0 && x <= 1) {
		return fmt.Errorf("allowed: 0%% to 100%%")
	}
	*field = x
	return nil
}

func (k *Kind) setOther(name, value string) (err error) {
	switch name {
	case "name":
		k.Name = value
	case "share":
		k.Share, err = strconv.ParseFloat(value, 64)
	case "deadline":
		k.Deadline, err = parseTime(value)
	case "cancelafter":
		k.CancelAfter, err = parseTime(value)
	case "tenants":
		k.Tenants, err = parseTenants(value)
	case "priority":
		k.Priority, err = parsePriority(value)
	case "loaded":
		if value != "a" && value != "b" && value != "none" {
			return fmt.Errorf("allowed: a, b, none")
		}
		k.Loaded = value
	default:
		return errNoSuchKey
	}
	return err
}

func parseTime(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err == nil && d <= 0 {
		err = fmt.Errorf("allowed: more than 0")
	}
	return d, err
}

func parsePriority(value string) (job.Priority, error) {
	for _, p := range []job.Priority{job.Low, job.Normal, job.High} {
		if strings.EqualFold(value, p.String()) {
			return p, nil
		}
	}
	return 0, fmt.Errorf("allowed: low, normal, high")
}

const maxTenants = 1000

// parseTenants reads a,b,c and t*8, which is t0 to t7; with :3 a tenant has
// three times as many jobs as one without.
func parseTenants(value string) (tenants []string, err error) {
	for part := range strings.SplitSeq(value, ",") {
		part, share, shared := strings.Cut(part, ":")
		times := 1
		if shared {
			if times, err = atMost(share, maxTenants); err != nil {
				return nil, fmt.Errorf("allowed: NAME:1 to NAME:%d", maxTenants)
			}
		}
		name, count, many := strings.Cut(part, "*")
		names := []string{name}
		if many {
			n, err := atMost(count, maxTenants)
			if err != nil {
				return nil, fmt.Errorf("allowed: NAME*1 to NAME*%d", maxTenants)
			}
			names = nil
			for i := range n {
				names = append(names, fmt.Sprintf("%s%d", name, i))
			}
		}
		for range times {
			tenants = append(tenants, names...)
		}
	}
	return tenants, nil
}

func atMost(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err == nil && (n < 1 || n > most) {
		err = strconv.ErrRange
	}
	return n, err
}
