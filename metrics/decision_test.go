package metrics

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func decision() *Decision {
	return &Decision{
		Seq: 17, Time: time.Date(2025, 1, 2, 12, 0, 1, 234e6, time.UTC),
		ID: 9, Op: "matmul", Device: "cpu",
		Shape: Shape{1, 1, 4096, 4096}, Normalised: Shape{1, 4096, 64, 4096},
		DTypes: DTypes{"f16", "f32", "f32"}, Flags: Flags{Mirrored: true},
		Jobs: 64, Columns: 64, Problems: 1, Orientation: "mirrored: B is loaded and A is not", Picked: "only candidate", Tenants: []Tenant{{"a", 60}, {"b", 4}},
		Plan: Plan{"smalln", "N16", "matmul_smalln_n16", "matmul_smalln_n16/f16,f32,f32/N16"},
		Rules: []Rule{
			{"forced", false, "no backend is forced"},
			{"small-n", true, "N=1 <= 8"},
		},
		Invariant: true, CloseReason: "slot_free", Attempt: 1, CacheHit: true,
		Queue: 1234567, Encode: 10 * time.Microsecond, DeviceTime: 6098765, Total: 7 * time.Millisecond,
		Dispatches: []time.Duration{6 * time.Millisecond},
		Outcome:    "done",
	}
}

func TestDecisionString(t *testing.T) {
	d := decision()
	require.Equal(t, "12:00:01.234 #17 matmul 4096x4096x64 f16,f32,f32 smalln/N16 64 jobs slot_free queue 1.23ms device 6.1ms done: N=1 <= 8", d.String())

	d = decision()
	d.Normalised, d.DTypes = Shape{2, 8, 128, 0}, DTypes{"f32", "f32", "f32"}
	d.Rules, d.Attempt, d.Outcome, d.Error = nil, 2, "failed", "device: lost"
	require.Equal(t, `12:00:01.234 #17 matmul 2*8x128 f32 smalln/N16 64 jobs slot_free queue 1.23ms device 6.1ms attempt 2 failed error="device: lost"`, d.String())
}

// A device that does without kernels made for its kind says so in every line.
func TestDecisionStringOfAFallback(t *testing.T) {
	d := decision()
	d.Rules = append([]Rule{{RuleDevice, false, "without the kernels of Hopper, slower: NVRTC 12.0: no"}}, d.Rules...)
	require.Contains(t, d.String(), " done: N=1 <= 8; without the kernels of Hopper, slower: NVRTC 12.0: no")
}

func TestDecisionStringOfACheck(t *testing.T) {
	d := decision()
	d.Jobs, d.CloseReason, d.Check = 1, "check", "mismatch"
	require.Contains(t, d.String(), " 1 jobs check queue 1.23ms device 6.1ms done bits mismatch: N=1 <= 8")
	line, err := json.Marshal(d)
	require.NoError(t, err)
	require.Contains(t, string(line), `"check":"mismatch"`)
}

func TestDecisionJSON(t *testing.T) {
	var d Decision
	d.CopyFrom(decision())
	line, err := json.Marshal(&d)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"v": 1, "kind": "batch", "seq": 17, "time": "2025-01-02T12:00:01.234Z",
		"id": 9, "op": "matmul", "device": "cpu",
		"shape": {"batch": 1, "m": 1, "n": 4096, "k": 4096},
		"normalised": {"batch": 1, "m": 4096, "n": 64, "k": 4096},
		"dtypes": {"a": "f16", "b": "f32", "c": "f32"},
		"flags": {"trans_a": false, "trans_b": false, "beta": false, "bias": false, "causal": false, "query_offset": false, "mirrored": true},
		"jobs": 64, "columns": 64, "problems": 1, "tenants": [{"name": "a", "jobs": 60}, {"name": "b", "jobs": 4}],
		"plan": {"backend": "smalln", "variant": "N16", "kernel": "matmul_smalln_n16", "key": "matmul_smalln_n16/f16,f32,f32/N16"},
		"rules": [
			{"name": "forced", "applied": false, "reason": "no backend is forced"},
			{"name": "small-n", "applied": true, "reason": "N=1 <= 8"}
		],
		"orientation": "mirrored: B is loaded and A is not", "picked": "only candidate",
		"invariant": true, "close_reason": "slot_free", "attempt": 1, "cache_hit": true,
		"queue_ns": 1234567, "encode_ns": 10000, "device_ns": 6098765, "total_ns": 7000000, "dispatches_ns": [6000000],
		"outcome": "done"
	}`, string(line))
}

func TestDecisionCopyIsIndependent(t *testing.T) {
	var kept Decision
	for range 2 { // the second copy reuses the memory of the first
		d := decision()
		kept.CopyFrom(d)
		d.Rules[0].Reason, d.Tenants[0].Jobs, d.Dispatches[0] = "changed", 0, 0
		want := decision()
		want.V, want.Kind = Version, KindBatch
		require.Equal(t, want, &kept)
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 999: "999ns", 1234: "1.23µs", 123456: "123µs", 1234567: "1.23ms", 61234567: "61.2ms",
		1234567890: "1.23s", 123456789012: "2m3s",
	} {
		require.Equal(t, want, short(d).String())
	}
}
