package loadtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestParseMix(t *testing.T) {
	m, err := ParseMix(strings.NewReader(`
# a comment
matmul m=8 k=4 a=f16 share=3 tenants=a:2,t*2 priority=high deadline=5ms cancel=1% poison=0.5 operands=2
softmax rows=2 cols=3 causal offset=1 dtype=bf16 name=probs # another
attention rows=5 keys=6 heads=4 dim=8 values=9 causal
attention keys=6 heads=4 kvheads=2 dim=8 name=decode
`))
	require.NoError(t, err)
	first := newKind()
	first.Name, first.M, first.K, first.A, first.Share = "matmul 8x4x1 f16", 8, 4, tensor.F16, 3
	first.Tenants, first.Priority, first.Deadline = []string{"a", "a", "t0", "t1"}, job.High, 5*time.Millisecond
	first.Cancel, first.Poison, first.Operands = 0.01, 0.5, 2
	second := newKind()
	second.Name, second.Softmax, second.Loaded, second.M, second.N = "probs", true, "none", 2, 3
	second.Causal, second.Offset = true, 1
	second.A, second.B, second.C = tensor.BF16, tensor.BF16, tensor.BF16
	third := newKind()
	third.Name, third.Attention, third.Loaded, third.Causal = "attention 4x5x6x8 f32", true, "none", true
	third.Heads, third.Batch, third.M, third.N, third.K, third.Values = 4, 4, 5, 6, 8, 9
	fourth := third
	fourth.Name, fourth.Batch, fourth.M, fourth.Values, fourth.Causal = "decode", 2, 1, 8, false
	require.Equal(t, []Kind{first, second, third, fourth}, m.Kinds)
}

func TestParseMixRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "there is nothing in it",
		"conv m=1":         `line 1: "conv" is no operation; allowed: matmul, softmax, attention`,
		"attention keys=4": "dim is missing",
		"attention keys=4 dim=2 heads=3 kvheads=2": "3 heads share 2 of keys and values",
		"attention keys=4 dim=2 loaded=a":          "loaded=a: not known here",
		"matmul m=1 k=1 heads=2":                   "heads=2: not known here",

		"\nmatmul m=0 k=1":                      "line 2: m is 0; allowed: 1 to",
		"matmul m=1":                            "k is missing",
		"matmul m=1 k=1 share=0":                "there is nothing in it",
		"matmul m=1 k=1 share=-1":               "share is -1",
		"matmul m=1 k=1 rows=2":                 "rows=2: not known here",
		"matmul m=1 k=1 causal":                 "causal: not known here",
		"softmax rows=1 cols=1 k=1":             "k=1: not known here",
		"softmax cols=1 offset=3":               "offset without causal",
		"matmul m=1 k=1 dtype=f8":               "dtype=f8",
		"matmul m=1 k=1 cancel=101%":            "allowed: 0% to 100%",
		"matmul m=1 k=1 priority=top":           "allowed: low, normal, high",
		"matmul m=1 k=1 loaded=c":               "allowed: a, b, none",
		"matmul m=1 k=1 deadline=-1s":           "more than 0",
		"matmul m=1 k=1 tenants=t:0":            "allowed: NAME:1",
		"matmul m=1 k=1 tenants=t*0":            "allowed: NAME*1",
		"matmul m=9999999 k=9999999":            "elements",
		"matmul m=1 k=1 batch=2":                "batch is 2 with a loaded operand",
		"matmul m=1 k=1 n=99999999 loaded=none": "n is 99999999",
		"matmul m=1 k=1 n=x":                    "invalid syntax",
	} {
		_, err := ParseMix(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		m, err := Preset(name)
		require.NoError(t, err, name)
		require.NotEmpty(t, m.Kinds)
	}
	_, err := Preset("none")
	require.ErrorContains(t, err, "allowed: attention, gemv, ")
}

// TestQwen: the preset is the trace that the command run replays.
func TestQwen(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "cmd", "metallic-sched", "decode", "qwen25-decode.csv"))
	require.NoError(t, err)
	require.Equal(t, string(text), qwen)
	m, err := Preset("qwen25")
	require.NoError(t, err)
	require.Len(t, m.Kinds, 19)
	k := m.Kinds[3]
	require.Equal(t, "attn_qkv 1152x896", k.Name)
	require.True(t, k.Bias)
	require.Equal(t, "b", k.Loaded)
	require.Equal(t, "none", m.Kinds[5].Loaded)
}

func TestReadCSVRefuses(t *testing.T) {
	_, err := ReadCSV(strings.NewReader("a,b\n"))
	require.ErrorContains(t, err, "header is")
	header := strings.Join(csvColumns, ",") + "\n"
	_, err = ReadCSV(strings.NewReader(header + "matmul,weight,x,1,1,y,1,0,1,1\n"))
	require.ErrorContains(t, err, "line 2: n:")
}

// TestDraw: jobs come in their shares, and the same ones with the same seed.
func TestDraw(t *testing.T) {
	m, err := ParseMix(strings.NewReader("matmul m=1 k=1 share=3 cancel=10% name=a\nmatmul m=1 k=1 share=0 name=b\n" +
		"matmul m=1 k=1 name=c operands=5 invalid=20% poison=50% tenants=x,y"))
	require.NoError(t, err)
	const n = 100_000
	dice, same := newDice(1, diceJobs), newDice(1, diceJobs)
	var kinds [3]int
	var cancelled, poisoned, invalid, x int
	operands := map[int]bool{}
	for range n {
		s := m.draw(dice)
		require.Equal(t, s, m.draw(same))
		kinds[s.Kind]++
		operands[s.Operand] = true
		for flag, count := range map[*int]bool{
			&cancelled: s.Cancel > 0, &poisoned: s.Poison, &invalid: s.Invalid, &x: s.Tenant == "x",
		} {
			if count {
				*flag++
			}
		}
	}
	require.InDelta(t, 0.75*n, kinds[0], 0.01*n)
	require.Zero(t, kinds[1])
	require.InDelta(t, 0.075*n, cancelled, 0.01*n)
	require.InDelta(t, 0.25*0.2*n, invalid, 0.01*n)
	require.InDelta(t, 0.25*0.8*0.5*n, poisoned, 0.01*n)
	require.InDelta(t, 0.125*n, x, 0.01*n)
	require.Len(t, operands, 5)
}

// TestCounted: every product as often as counted, evenly spread, at the times of
// the arrivals.
func TestCounted(t *testing.T) {
	m, err := Preset("qwen25")
	require.NoError(t, err)
	sends := m.Counted(Even(Constant(1000)), 1)
	counts, last := make([]int, len(m.Kinds)), make([]int, len(m.Kinds))
	for i, s := range sends {
		require.Equal(t, time.Duration(i)*time.Millisecond, s.At.Round(time.Microsecond))
		counts[s.Kind]++
		if m.Kinds[s.Kind].Name == "lm_head 151936x896" && counts[s.Kind] > 1 {
			require.InDelta(t, len(sends)/95, i-last[s.Kind], 20)
		}
		last[s.Kind] = i
	}
	for i, n := range counts {
		require.EqualValues(t, m.Kinds[i].Share, n)
	}
	require.Len(t, sends, 4*2280+95+14*24)
}
