package selftest

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Every row and every combination of types has its cases, and no small bucket
// is asked for more than it holds.
func TestCasesCoverTheCatalog(t *testing.T) {
	caps := kernels.Caps{SIMDMatrix: true, Vendor: true}
	for _, quick := range []bool{false, true} {
		for i := range kernels.Default {
			row, claimed := &kernels.Default[i], 0
			for _, types := range combinations {
				if ok, _ := claims(row, types, 1, caps); ok {
					claimed++
				}
			}
			want := len(row.Types)
			if row.Mixed {
				want += 2 * (len(row.Types) - 1)
			}
			require.Equal(t, want, claimed, row.Name)
			for _, n := range columns(row, quick) {
				require.LessOrEqual(t, n, widest(quick))
				if row.Bucket != kernels.BucketNone && row.Bucket != kernels.N16 {
					require.LessOrEqual(t, n, int(row.Bucket))
				}
			}
		}
	}
	require.Equal(t, "f16", types{tensor.F16, tensor.F16, tensor.F16}.String())
	require.Equal(t, "f16,f32,f32", types{tensor.F16, tensor.F32, tensor.F32}.String())
}

func TestSoftmaxRuns(t *testing.T) {
	require.Equal(t, []kerneltest.RowRun{{Rows: 5, Cols: 9, Limit: 9}}, softmaxSize{rows: 5, cols: 9}.runs())
	x := softmax{softmaxSize: softmaxSize{rows: 33, cols: 32, mask: "causal"}}
	require.Equal(t, 1, x.attended(0))
	require.Equal(t, 32, x.attended(32))
	x.softmaxSize = softmaxSize{rows: 7, cols: 32, mask: "causal+offset"}
	require.Equal(t, 26, x.attended(0))
	require.Equal(t, 32, x.attended(6))
}

// A reference that is wrong is not trusted.
func TestVouch(t *testing.T) {
	ref, err := openRig(openCPU)
	require.NoError(t, err)
	defer func() { require.NoError(t, ref.close()) }()
	p, err := newProduct(ref, size{m: 3, k: 40, a: kerneltest.ColumnPadded, b: kerneltest.RowMajor}, 2, tensor.F16, tensor.F32)
	require.NoError(t, err)
	for i := range p.want {
		p.want[i] += 0.001
	}
	require.ErrorContains(t, p.vouch(rand.New(rand.NewPCG(1, 2))), "the cpu device, which results are compared with, is wrong itself")
	x, err := newSoftmax(ref, softmaxSize{rows: 2, cols: 9, mask: "causal"}, tensor.BF16)
	require.NoError(t, err)
	x.want[9] *= 1.001
	require.ErrorContains(t, x.vouch(), "wrong itself")
}

func TestNote(t *testing.T) {
	c := &comparison{}
	require.NoError(t, c.note(Case{Kernel: "a", Types: "f16", Shape: "1x1"}, Measure{OfBound: 0.5}, nil))
	require.NoError(t, c.note(Case{Kernel: "a", Types: "f16", Shape: "2x2", Mask: "causal"}, Measure{OfBound: 2, Got: "1", Want: "2"}, nil))
	require.NoError(t, c.note(Case{Kernel: "a", Types: "f32"}, Measure{}, errors.New("bad")))
	require.ErrorIs(t, c.note(Case{Kernel: "b"}, Measure{}, device.ErrLost), device.ErrLost)
	require.Equal(t, Failed, c.outcome())
	all := Summarise(c.Cases)
	require.Len(t, all, 3)
	require.Equal(t, Summary{
		Kernel: "a", Types: "f16", Outcome: Failed, Cases: 2, Failed: 1, Shape: "2x2 causal",
		Measure: Measure{OfBound: 2, Got: "1", Want: "2"}, Why: "2x2 causal: element [0 0] is 1; want 2: 2 times the bound",
	}, *all[0])
	require.Equal(t, "bad", all[1].Why)
	require.Equal(t, NotTested, (&Numerics{}).outcome())
	require.Equal(t, Passed, (&Numerics{Cases: c.Cases[:1]}).outcome())
}

func TestPace(t *testing.T) {
	p := pace{budget: 25 * time.Millisecond, patience: time.Second}
	runs := 0
	takes := func(d time.Duration) func() (time.Duration, error) {
		runs = 0
		return func() (time.Duration, error) { runs++; return d, nil }
	}
	times, err := p.measure(takes(0)) // a clock that stands still
	require.NoError(t, err)
	require.Len(t, times, mostRuns)
	require.Equal(t, mostRuns+1, runs, "one to warm up")
	times, _ = p.measure(takes(10 * time.Millisecond))
	require.Len(t, times, 3)
	times, _ = p.measure(takes(300 * time.Millisecond))
	require.Len(t, times, 1)
	require.Equal(t, 1, runs)
	boom := errors.New("boom")
	_, err = p.measure(func() (time.Duration, error) { return 0, boom })
	require.ErrorIs(t, err, boom)

	require.Empty(t, p.tooSlow(Rate{}, 64))
	require.Empty(t, p.tooSlow(Rate{N: 16, Time: 250 * time.Millisecond}, 64))
	require.Equal(t, "slow: about 2s are expected", p.tooSlow(Rate{N: 16, Time: 500 * time.Millisecond}, 64))
}

func TestRates(t *testing.T) {
	var r Rate
	r.set([]time.Duration{time.Second, 2 * time.Second}, nil)
	r.rateOf(3e9, 4e9)
	require.Equal(t, Rate{Time: time.Second, Runs: 2, GBs: 3, GFlops: 4}, r)
	require.Equal(t, Passed, (&Benchmark{Rates: []Rate{r}}).outcome())
	r.set(nil, errors.New("bad"))
	require.Equal(t, Failed, (&Benchmark{Rates: []Rate{r}}).outcome())
	require.Equal(t, NotTested, (&Benchmark{}).outcome())
	require.Equal(t, "matmul_smalln_n8", rowFor(kernels.FamilySmallN, 7).Name)
	require.Equal(t, "matmul_smalln_n16", rowFor(kernels.FamilySmallN, 64).Name)
	require.Equal(t, "matmul_mlx", rowFor(kernels.FamilyMLX, 64).Name)
	require.Nil(t, rowFor(kernels.FamilyVec, 1))
}

func TestCrowdOutcome(t *testing.T) {
	require.Equal(t, Passed, (&Crowd{Balances: true, SameBits: true}).outcome())
	require.Equal(t, Failed, (&Crowd{SameBits: true}).outcome())
	require.Equal(t, Failed, (&Crowd{Balances: true}).outcome())
	require.Equal(t, NotTested, (&Crowd{Balances: true, Untested: []string{"x"}}).outcome())
	require.Equal(t, Failed, (&Crowd{Balances: true, SameBits: true, Measure: Measure{OfBound: 2}}).outcome())
}
