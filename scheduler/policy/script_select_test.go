package policy

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// matmul selects for every MxKxN or B*MxKxN named, with the flags named: types (f32 or
// a,b,c), ta, tb, beta, bias, mirror; brief prints one line for each.
func (e *env) matmul(words []string) (string, error) {
	return e.selectAll(kernels.OpMatmul, words)
}

// softmax selects for every RxC named: a type, causal, offset, brief.
func (e *env) softmax(words []string) (string, error) {
	return e.selectAll(kernels.OpSoftmax, words)
}

func (e *env) selectAll(op kernels.Op, words []string) (string, error) {
	p, shapes, brief, err := parseProblem(op, words)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, shape := range shapes {
		p.Shape = shape
		if p.Mirrored {
			p.Shape = shape.Mirror()
		}
		plan, err := Select(p, e.caps, e.prefs, e.catalog)
		if brief {
			out.WriteString(describeBriefly(p, plan, err))
		} else {
			out.WriteString(describe(p, plan, err))
		}
	}
	return out.String(), nil
}

func parseProblem(op kernels.Op, words []string) (p kernels.Problem, shapes []kernels.Shape, brief bool, err error) {
	p = kernels.Problem{Op: op, A: tensor.F32, B: tensor.F32, C: tensor.F32}
	for _, w := range words {
		switch w {
		case "ta":
			p.TransA = true
		case "tb":
			p.TransB = true
		case "beta":
			p.BetaNonZero = true
		case "bias":
			p.Bias = true
		case "mirror":
			p.Mirrored = true
		case "causal":
			p.Causal = true
		case "offset":
			p.QueryOffset = true
		case "brief":
			brief = true
		default:
			if shape, ok := parseShape(op, w); ok {
				shapes = append(shapes, shape)
			} else if p.A, p.B, p.C, err = parseThree(w); err != nil {
				return p, nil, false, err
			}
		}
	}
	return p, shapes, brief, nil
}

func parseShape(op kernels.Op, w string) (s kernels.Shape, ok bool) {
	s.Batch = 1
	if batch, rest, found := strings.Cut(w, "*"); found {
		s.Batch, _ = strconv.Atoi(batch)
		w = rest
	}
	if op == kernels.OpSoftmax {
		n, err := fmt.Sscanf(w, "%dx%d", &s.M, &s.N)
		return s, n == 2 && err == nil
	}
	n, err := fmt.Sscanf(w, "%dx%dx%d", &s.M, &s.K, &s.N)
	return s, n == 3 && err == nil
}

// parseThree reads "f32" (for all three) or "f16,f32,f32".
func parseThree(w string) (a, b, c tensor.DType, err error) {
	ts, err := parseTypes(w)
	switch {
	case err != nil:
		return 0, 0, 0, err
	case len(ts) == 1:
		return ts[0], ts[0], ts[0], nil
	case len(ts) == 3:
		return ts[0], ts[1], ts[2], nil
	}
	return 0, 0, 0, unknown(w)
}

func describe(p kernels.Problem, plan *kernels.Plan, err error) string {
	var out strings.Builder
	var rules []kernels.Rule
	var unsupported *UnsupportedError
	switch {
	case err == nil:
		fmt.Fprintf(&out, "%v: %v %s\n", shapes(p), plan.Family(), plan.Variant())
		rules = plan.Rules
	case errors.As(err, &unsupported):
		fmt.Fprintf(&out, "%v: error: %v\n", shapes(p), err)
		rules = unsupported.Rules
	default:
		fmt.Fprintf(&out, "%v: error: %v\n", shapes(p), err)
	}
	for _, r := range rules {
		fmt.Fprintf(&out, "  %-3s %s: %s\n", map[bool]string{true: "yes", false: "no"}[r.Applied], r.Name, r.Reason)
	}
	if plan != nil {
		fmt.Fprintf(&out, "  key %v\n", plan.Key)
	}
	return out.String()
}

func describeBriefly(p kernels.Problem, plan *kernels.Plan, err error) string {
	if err != nil {
		return fmt.Sprintf("%v: error: %v\n", shapes(p), err)
	}
	last := plan.Rules[len(plan.Rules)-1]
	return fmt.Sprintf("%v: %s (%s: %s)\n", shapes(p), plan.Row.Name, last.Name, last.Reason)
}

func shapes(p kernels.Problem) string {
	if p.Mirrored {
		return fmt.Sprintf("%v as %v", p.Written(), p.Shape)
	}
	return p.Shape.String()
}

// batch prints the keys of batches that a job is coalesced into: a list of
// total columns, then a matmul or softmax and its words.
func (e *env) batch(words []string) (string, error) {
	op := map[string]kernels.Op{"matmul": kernels.OpMatmul, "softmax": kernels.OpSoftmax}[words[1]]
	p, shapes, _, err := parseProblem(op, words[2:])
	if err != nil {
		return "", err
	}
	p.Shape = shapes[0]
	plan, err := Select(p, e.caps, e.prefs, e.catalog)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for list := range strings.SplitSeq(words[0], ",") {
		columns, err := strconv.Atoi(list)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "%d: %v\n", columns, KeyForColumns(plan, columns, p.BetaNonZero, p.Bias))
	}
	return out.String(), nil
}

// suites selects for every line of a CSV file (suite,m,k,n,expect), in f16 and
// f32, with beta and without, and says whether the expected family came out.
func (e *env) suites(words []string) (string, error) {
	raw, err := os.ReadFile("testdata/" + words[0])
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "suite,") {
			continue
		}
		fields := strings.SplitN(strings.TrimSpace(line), ",", 5)
		shape, ok := parseShape(kernels.OpMatmul, strings.Join(fields[1:4], "x"))
		if !ok {
			return "", unknown(line)
		}
		family, err := e.familyOf(shape)
		if err != nil {
			return "", err
		}
		verdict := "as expected"
		if expected := strings.Fields(fields[4])[0]; expected != family {
			verdict = "expected " + expected
		}
		fmt.Fprintf(&out, "%s %v: %s, %s\n", fields[0], shape, family, verdict)
	}
	return out.String(), nil
}

// familyOf selects for all types and betas and wants one family for them.
func (e *env) familyOf(shape kernels.Shape) (string, error) {
	family := ""
	for _, dt := range []tensor.DType{tensor.F16, tensor.F32} {
		for _, beta := range []bool{false, true} {
			p := kernels.Problem{Op: kernels.OpMatmul, Shape: shape, A: dt, B: dt, C: dt, BetaNonZero: beta}
			plan, err := Select(p, e.caps, e.prefs, e.catalog)
			if err != nil {
				return "", err
			}
			if got := plan.Family().String(); family == "" {
				family = got
			} else if family != got {
				return "", fmt.Errorf("%v: %s and %s", p, family, got)
			}
		}
	}
	return family, nil
}

func (e *env) validate([]string) (string, error) {
	if err := e.prefs.Validate(e.caps, e.catalog); err != nil {
		return err.Error() + "\n", nil
	}
	return "ok\n", nil
}

func parseNames(words []string) (string, error) {
	var out strings.Builder
	for _, w := range words[1:] {
		var got fmt.Stringer
		var err error
		if words[0] == "matmul" {
			got, err = ParseMatmulBackend(w)
		} else {
			got, err = ParseSoftmaxBackend(w)
		}
		if err != nil {
			fmt.Fprintf(&out, "%s: error: %v\n", w, err)
		} else {
			fmt.Fprintf(&out, "%s: %v\n", w, got)
		}
	}
	return out.String(), nil
}

func orient(loaded []string) (string, error) {
	has := func(name string) bool { return strings.Contains(strings.Join(loaded, " "), name) }
	mirror, reason := Orient(has("a"), has("b"))
	return fmt.Sprintf("%v: %s\n", mirror, reason), nil
}

func types(words []string) (string, error) {
	var out strings.Builder
	for _, w := range words {
		a, b, c, err := parseThree(w)
		if err != nil {
			return "", err
		}
		if err := CheckTypes(a, b, c); err != nil {
			fmt.Fprintf(&out, "%s: error: %v\n", w, err)
		} else {
			fmt.Fprintf(&out, "%s: legal\n", w)
		}
	}
	return out.String(), nil
}
