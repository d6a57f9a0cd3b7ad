package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/array"
	"github.com/metallic-sched/metallic-sched/kernels/reference"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// makeArray writes an array of random values for a script: makearray FILE TYPE
// SIZES SEED.
func makeArray(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: makearray file type sizes seed")
	}
	dt, err := tensor.ParseDType(args[1])
	ts.Check(err)
	var shape []int
	for size := range strings.SplitSeq(args[2], "x") {
		n, err := strconv.Atoi(size)
		ts.Check(err)
		shape = append(shape, n)
	}
	seed, err := strconv.ParseUint(args[3], 10, 64)
	ts.Check(err)
	p, err := array.ParsePlace(ts.MkAbs(args[0]))
	ts.Check(err)
	a, err := array.New(dt, shape)
	ts.Check(err)
	v, err := a.Rows(args[0])
	ts.Check(err)
	r, d := rand.New(rand.NewPCG(seed, 1)), v.Dims()
	eachElement(d, func(b, i, j int) { v.SetValue(b, i, j, float32(2*r.Float64()-1)) })
	ts.Check(array.Write(p, a))
}

func eachElement(d tensor.Dims, f func(b, i, j int)) {
	for b := range d[0] {
		for i := range d[1] {
			for j := range d[2] {
				f(b, i, j)
			}
		}
	}
}

// checkMatmul compares a result with its reference in float64: checkmatmul
// RESULT TYPE SIZES A B [trans_a] [trans_b] [alpha=X] [beta=X] [c=FILE]
// [bias=FILE].
func checkMatmul(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 {
		ts.Fatalf("usage: checkmatmul result type sizes a b [options]")
	}
	a, b := scriptMatrix(ts, args[3]), scriptMatrix(ts, args[4])
	alpha, beta := 1.0, 0.0
	var c, bias tensor.View
	for _, o := range args[5:] {
		var err error
		switch name, value, _ := strings.Cut(o, "="); name {
		case "trans_a":
			a = a.T()
		case "trans_b":
			b = b.T()
		case "alpha":
			alpha, err = strconv.ParseFloat(value, 64)
		case "beta":
			beta, err = strconv.ParseFloat(value, 64)
		case "c":
			c = scriptMatrix(ts, value)
		case "bias":
			bias = scriptMatrix(ts, value)
		default:
			ts.Fatalf("no such option: %s", o)
		}
		ts.Check(err)
	}
	compareMatmul(ts, args, a, b, c, bias, alpha, beta)
}

// compareMatmul computes the reference; c and bias may be missing.
func compareMatmul(ts *testscript.TestScript, args []string, a, b, c, bias tensor.View, alpha, beta float64) {
	compare(ts, args[0], args[1], args[2], func(n, i, j int) (want, magnitude float64) {
		for k := range a.Cols() {
			term := alpha * float64(a.Value(min(n, a.Matrices()-1), i, k)) * float64(b.Value(min(n, b.Matrices()-1), k, j))
			want, magnitude = want+term, magnitude+math.Abs(term)
		}
		if !c.IsZero() {
			term := beta * float64(c.Value(n, i, j))
			want, magnitude = want+term, magnitude+math.Abs(term)
		}
		if !bias.IsZero() {
			term := float64(bias.Value(0, j, 0))
			want, magnitude = want+term, magnitude+math.Abs(term)
		}
		return want, magnitude
	})
}

// checkSoftmax compares a result with its reference in float64: checksoftmax
// RESULT TYPE SIZES X [causal=OFFSET].
func checkSoftmax(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: checksoftmax result type sizes x [causal=offset]")
	}
	x := scriptRows(ts, args[3])
	limit := func(int) int { return x.Cols() }
	if len(args) > 4 {
		offset, err := strconv.Atoi(strings.TrimPrefix(args[4], "causal="))
		ts.Check(err)
		limit = func(i int) int { return min(i+offset+1, x.Cols()) }
	}
	sum := 0.0 // of the row; its elements come one after the other
	compare(ts, args[0], args[1], args[2], func(n, i, j int) (want, magnitude float64) {
		if j == 0 {
			sum = 0
			for k := range limit(i) {
				sum += math.Exp(float64(x.Value(n, i, k)))
			}
		}
		if j < limit(i) {
			want = math.Exp(float64(x.Value(n, i, j))) / sum
		}
		return want, 1
	})
}

// checkAttention compares a result with its reference in float64: checkattention
// RESULT TYPE SIZES Q K V [scale=X] [causal=OFFSET].
func checkAttention(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 6 {
		ts.Fatalf("usage: checkattention result type sizes q k v [scale=x] [causal=offset]")
	}
	q, k, v := scriptRows(ts, args[3]), scriptRows(ts, args[4]), scriptRows(ts, args[5])
	ref := reference.Attention{Q: q, K: k, V: v, Scale: 1 / math.Sqrt(float64(q.Cols())), Scores: tensor.F32}
	limit := func(int) int { return k.Rows() }
	for _, o := range args[6:] {
		var err error
		switch name, value, _ := strings.Cut(o, "="); name {
		case "scale":
			ref.Scale, err = strconv.ParseFloat(value, 64)
		case "causal":
			var offset int
			offset, err = strconv.Atoi(value)
			limit = func(i int) int { return min(i+offset+1, k.Rows()) }
		default:
			ts.Fatalf("no such option: %s", o)
		}
		ts.Check(err)
	}
	var row reference.AttentionRow // its elements come one after the other
	compare(ts, args[0], args[1], args[2], func(n, i, j int) (want, magnitude float64) {
		if j == 0 {
			row = ref.Row(n, i, limit(i))
		}
		return row.At(j).Want, 1
	})
}

// compare holds every element of a file against what it should be, and the
// magnitude of the terms of that.
func compare(ts *testscript.TestScript, file, dtype, sizes string, want func(b, i, j int) (want, magnitude float64)) {
	got := scriptArray(ts, file)
	if s := fmt.Sprintf("%v %s", got.DType, got.Sizes()); s != dtype+" "+sizes {
		ts.Fatalf("%s is %s, not %s %s", file, s, dtype, sizes)
	}
	v, err := got.Rows(file)
	if len(got.Shape) == 1 && strings.Contains(file, "column") {
		v, err = got.View(file)
	}
	ts.Check(err)
	unit := map[tensor.DType]float64{tensor.F32: 1e-5, tensor.F16: 2e-3, tensor.BF16: 1e-2}[got.DType]
	sum := 0.0
	eachElement(v.Dims(), func(b, i, j int) {
		w, magnitude := want(b, i, j)
		g := float64(v.Value(b, i, j))
		if !(math.Abs(g-w) <= unit*(magnitude+1e-3)) {
			ts.Fatalf("%s (%d,%d,%d) is %g, not %g", file, b, i, j, g, w)
		}
		sum += math.Abs(w)
	})
	if sum == 0 {
		ts.Fatalf("%s: all of the reference is 0, which checks nothing", file)
	}
}

func scriptArray(ts *testscript.TestScript, file string) *array.Array {
	p, err := array.ParsePlace(ts.MkAbs(file))
	ts.Check(err)
	a, err := array.Read(p)
	ts.Check(err)
	return a
}

func scriptMatrix(ts *testscript.TestScript, file string) tensor.View {
	v, err := scriptArray(ts, file).View(file)
	ts.Check(err)
	return v
}

func scriptRows(ts *testscript.TestScript, file string) tensor.View {
	v, err := scriptArray(ts, file).Rows(file)
	ts.Check(err)
	return v
}
