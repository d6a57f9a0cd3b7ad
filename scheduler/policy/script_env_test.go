package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// env is what the commands of a script act on.
type env struct {
	caps    kernels.Caps
	prefs   Prefs
	catalog kernels.Catalog
	picker  picker
	fair    fairScript
	ward    ward
}

func newEnv() *env {
	e := &env{prefs: DefaultPrefs()}
	e.ward.clock = &e.picker
	_, _ = e.device(nil)
	_, _ = e.setCatalog([]string{"default"})
	return e
}

func (e *env) commands() map[string]func([]string) (string, error) {
	return map[string]func([]string) (string, error){
		// What selection depends on.
		"device":  e.device,
		"prefs":   e.setPrefs,
		"catalog": e.setCatalog,
		"drop":    e.drop,
		"narrow":  e.narrow,
		// Selection.
		"matmul":   e.matmul,
		"softmax":  e.softmax,
		"batch":    e.batch,
		"suites":   e.suites,
		"validate": e.validate,
		"parse":    parseNames,
		"orient":   orient,
		"types":    types,
		// Picking.
		"age-step": e.picker.setAgeStep,
		"clock":    e.picker.setClock,
		"bucket":   e.picker.bucket,
		"pick":     e.picker.pick,
		"drain":    e.picker.drain,
		// Turns of tenants.
		"tenant": e.fair.tenant,
		"wait":   e.fair.wait,
		"serve":  e.fair.serve,
		// Quarantine.
		"quarantine":     e.ward.setTuning,
		"fail":           e.ward.fail,
		"succeed":        e.ward.succeed,
		"forget-operand": e.ward.forgetOperand,
		"ask":            e.ward.ask,
		"state":          e.ward.state,
		// Hangs and restarts.
		"patience": patience,
		"hung":     hung,
		"restart":  restart,
	}
}

// device sets the capabilities: a plain device with the given additions.
func (e *env) device(words []string) (string, error) {
	e.caps = kernels.Caps{SIMDWidth: 32, MaxThreadgroup: 1024, VendorHelp: "install libvendor"}
	for _, w := range words {
		name, value := option(w)
		n, _ := strconv.Atoi(value)
		switch name {
		case "simd":
			e.caps.SIMDMatrix = true
		case "reduction":
			e.caps.SIMDReduction = true
		case "vendor":
			e.caps.Vendor, e.caps.VendorHelp = true, ""
		case "fallback":
			e.caps.Fallback = "without the kernels of " + value
		case "width":
			e.caps.SIMDWidth = n
		case "threadgroup":
			e.caps.MaxThreadgroup = n
		default:
			return "", unknown(w)
		}
	}
	return "", nil
}

// setPrefs sets the preferences: the defaults with the given changes.
func (e *env) setPrefs(words []string) (string, error) {
	e.prefs = DefaultPrefs()
	for _, w := range words {
		name, value := option(w)
		n, _ := strconv.Atoi(value)
		var err error
		switch name {
		case "matmul":
			e.prefs.MatmulBackend, err = ParseMatmulBackend(value)
		case "softmax":
			e.prefs.SoftmaxBackend, err = ParseSoftmaxBackend(value)
		case "smalln-max-n":
			e.prefs.SmallNMaxN = n
		case "simd-m-min":
			e.prefs.SIMDMMin = n
		case "simd-n-min":
			e.prefs.SIMDNMin = n
		case "vec-max-cols":
			e.prefs.SoftmaxVecMaxCols = n
		case "force-smalln":
			e.prefs.ForceSmallN = true
		case "experimental":
			e.prefs.Experimental = true
		case "unknown-matmul":
			e.prefs.MatmulBackend = MatmulBackend(n)
		case "unknown-softmax":
			e.prefs.SoftmaxBackend = SoftmaxBackend(n)
		default:
			err = unknown(w)
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// setCatalog takes the default catalog or, of it, only the rows named.
func (e *env) setCatalog(names []string) (string, error) {
	e.catalog = nil
	for _, r := range kernels.Default {
		if names[0] == "default" || strings.Contains(" "+strings.Join(names, " ")+" ", " "+r.Name+" ") {
			e.catalog = append(e.catalog, r)
		}
	}
	if names[0] != "default" && len(e.catalog) != len(names) {
		return "", fmt.Errorf("the catalog has %d of %v", len(e.catalog), names)
	}
	return "", nil
}

// drop takes rows out of the catalog.
func (e *env) drop(names []string) (string, error) {
	for _, name := range names {
		if e.catalog.Find(name) == nil {
			return "", unknown(name)
		}
		var kept kernels.Catalog
		for _, r := range e.catalog {
			if r.Name != name {
				kept = append(kept, r)
			}
		}
		e.catalog = kept
	}
	return "", nil
}

// narrow changes one row of the catalog.
func (e *env) narrow(words []string) (string, error) {
	row := e.catalog.Find(words[0])
	if row == nil {
		return "", unknown(words[0])
	}
	for _, w := range words[1:] {
		name, value := option(w)
		switch name {
		case "types":
			types, err := parseTypes(value)
			if err != nil {
				return "", err
			}
			row.Types = types
		case "max-cols":
			row.MaxCols, _ = strconv.Atoi(value)
		case "no-mixed":
			row.Mixed = false
		case "no-causal":
			row.Causal = false
		case "no-offset":
			row.Offset = false
		case "experimental":
			row.Experimental = true
		default:
			return "", unknown(w)
		}
	}
	return "", nil
}

func parseTypes(list string) (out []tensor.DType, err error) {
	for name := range strings.SplitSeq(list, ",") {
		dt, err := tensor.ParseDType(name)
		if err != nil {
			return nil, err
		}
		out = append(out, dt)
	}
	return out, nil
}
