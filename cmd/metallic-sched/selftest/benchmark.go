package selftest

import (
	"context"
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Benchmark is how fast kernels are, by the device's own clock where it has
// one.
type Benchmark struct {
	Rates    []Rate   `json:"rates,omitempty"`
	Untested []string `json:"not_tested,omitempty"` // and why
}

// BenchmarkColumns are the columns of the products that are timed.
var BenchmarkColumns = []int{1, 2, 4, 8, 16, 64}

// Square is the side of the square product that is timed.
const Square = 1024

// benchmark times every kernel that the device has.
func (s Setup) benchmark(ctx context.Context) (any, error) {
	r, err := openRig(s.Open)
	if err != nil {
		return nil, err
	}
	if pretends(r.info) {
		return join(&Benchmark{Untested: []string{pretence}}, r.close())
	}
	b := &timing{Setup: s, ctx: ctx, rig: r, pace: paceOf(s.Quick)}
	err = b.products()
	if err == nil {
		err = b.softmaxes()
	}
	return join(&b.Benchmark, err, r.close())
}

// timing is a benchmark under way.
type timing struct {
	Setup
	Benchmark
	ctx  context.Context
	rig  *rig
	pace pace
}

// benchmarkTypes are those of the scheduler's that matter most, the decode's
// first.
func benchmarkTypes(quick bool) []tensor.DType {
	if quick {
		return []tensor.DType{tensor.F16}
	}
	return []tensor.DType{tensor.F16, tensor.BF16, tensor.F32}
}

// benchmarkSizes are loaded weights.
func benchmarkSizes(quick bool) []size {
	const row, column = kerneltest.RowMajor, kerneltest.ColumnMajor
	small := size{m: 896, k: 896, a: row, b: column, loaded: true}
	if quick {
		return []size{small}
	}
	return []size{small, {m: 896, k: 4864, a: row, b: column, loaded: true}, {m: 9728, k: 896, a: row, b: column, loaded: true}}
}

func (b *timing) products() error {
	for _, dt := range benchmarkTypes(b.Quick) {
		for _, s := range benchmarkSizes(b.Quick) {
			if err := b.product(s, dt, BenchmarkColumns); err != nil {
				return err
			}
		}
		square := size{m: Square, k: Square, a: kerneltest.RowMajor, b: kerneltest.RowMajor}
		if err := b.product(square, dt, []int{Square}); err != nil {
			return err
		}
	}
	return nil
}

// product times every family's kernels on one matrix A.
func (b *timing) product(s size, dt tensor.DType, columns []int) error {
	on, err := b.rig.bind(unknownProduct(s, columns[len(columns)-1], dt))
	if err != nil {
		return err
	}
	defer on.free()
	for _, f := range kernels.Families {
		last := Rate{}
		for _, n := range columns {
			row := rowFor(f, n)
			if row == nil || (n == Square && (f == kernels.FamilyGEMV || f == kernels.FamilySmallN)) {
				continue
			}
			if ok, _ := claims(row, types{dt, dt, dt}, n, b.rig.info.Caps); !ok {
				continue
			}
			b.tell("%s, %dx%d of %v, N=%d", row.Name, s.m, s.k, dt, n)
			if err := b.ctx.Err(); err != nil {
				return err
			}
			rate := Rate{Kernel: row.Name, Family: f.String(), Types: dt.String(), Shape: fmt.Sprintf("%dx%d", s.m, s.k), N: n}
			if rate.Skipped = b.pace.tooSlow(last, n); rate.Skipped == "" {
				rate.set(b.pace.measure(on.timer(row, dt, n)))
				rate.rateOf(float64(dt.Size()*(s.m*s.k+s.k*n+s.m*n)), 2*float64(s.m)*float64(s.k)*float64(n))
				last = rate
			}
			b.Rates = append(b.Rates, rate)
			if rate.Error != "" {
				break // it would fail again
			}
		}
	}
	return nil
}

// rowFor returns a family's row for n columns, nil for families of softmax.
func rowFor(f kernels.Family, n int) *kernels.Row {
	for i := range kernels.Default {
		row := &kernels.Default[i]
		if row.Family == f && f.Op() == kernels.OpMatmul &&
			(row.Bucket == kernels.BucketNone || row.Bucket == kernels.BucketFor(n)) {
			return row
		}
	}
	return nil
}

// outcome is Failed if anything could not be timed.
func (b *Benchmark) outcome() Outcome {
	for _, r := range b.Rates {
		if r.Error != "" {
			return Failed
		}
	}
	if len(b.Rates) == 0 {
		return NotTested
	}
	return Passed
}
