package profile

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func ptr[T any](v T) *T { return &v }

var info = device.Info{
	Backend: "cpu", Name: "a processor", Threads: 2, Notes: []string{"kernels: fast", "mps: none"},
	Bandwidth: 1e10, Flops: 1e11, Launch: 5 * time.Microsecond,
}

// sample is a profile with something in every field.
func sample() *Profile {
	return &Profile{
		Version: Version, Time: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Machine: MachineOf(info),
		Settings: Settings{
			SmallNMaxN: ptr(12), SIMDMMin: ptr(48), SIMDNMin: ptr(0), SoftmaxVecMaxCols: ptr(2048), QueueDepth: ptr(2), InPlaceBytes: ptr(65536),
			Linger: ptr(20 * time.Microsecond),
		},
		Costs:      []policy.Correction{{Family: "smalln", Type: "f16", Size: 9, Columns: 3, Ratio: 1.5, Count: 8}},
		Crossovers: []Crossover{{Variable: VarSIMDMMin, Points: []Gain{{X: 1, Median: 2, Low: 1, High: 3, Rounds: 7}}, Classes: []ClassGain{{Class: "c"}}}},
		Curves:     []Curve{{Family: "vec", Class: "c", Points: []Point{{X: 1, Time: 2, Low: 1, High: 3, Rounds: 7}}}},
		Trials:     []Trial{{Variable: VarLinger, Value: "0s", Callers: 1, Rate: 5}},
		Verdicts:   []Verdict{{Variable: VarSIMDMMin, Default: "64", Tried: "48", Kept: true, Suites: []SuiteGain{{Suite: "s"}}}},
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.json")
	require.NoError(t, os.WriteFile(path, []byte("an older one"), 0o600))
	require.NoError(t, sample().Save(path))
	loaded, err := Load(path)
	require.NoError(t, err)
	require.Equal(t, sample(), loaded)
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing else is left")

	var wrong *Error
	require.ErrorAs(t, sample().Save(filepath.Join(path, "below a file")), &wrong)
}

func TestLoadErrors(t *testing.T) {
	_, err := Load("/nowhere/at/all")
	require.ErrorIs(t, err, fs.ErrNotExist)
	for want, change := range map[string]func(map[string]any){
		"version is 2; allowed: 1":                    func(m map[string]any) { m["version"] = 2 },
		"version is missing":                          func(m map[string]any) { delete(m, "version") },
		"settings.smalln_max_n is 17; allowed: 0 to":  func(m map[string]any) { m["settings"].(map[string]any)["smalln_max_n"] = 17 },
		"settings.simd_m_min is -1":                   func(m map[string]any) { m["settings"].(map[string]any)["simd_m_min"] = -1 },
		"settings.simd_n_min is -1":                   func(m map[string]any) { m["settings"].(map[string]any)["simd_n_min"] = -1 },
		"settings.softmax_vec_max_cols is -1":         func(m map[string]any) { m["settings"].(map[string]any)["softmax_vec_max_cols"] = -1 },
		"settings.queue_depth is 0; allowed: 1 to 64": func(m map[string]any) { m["settings"].(map[string]any)["queue_depth"] = 0 },
		"settings.linger_ns is -1":                    func(m map[string]any) { m["settings"].(map[string]any)["linger_ns"] = -1 },
		`costs: policy: correction`:                   func(m map[string]any) { m["costs"].([]any)[0].(map[string]any)["ratio"] = 0 },
		`unknown field "extra"`:                       func(m map[string]any) { m["extra"] = 1 },
		"not a profile":                               func(m map[string]any) { m["settings"] = "none" },
	} {
		text, err := json.Marshal(sample())
		require.NoError(t, err)
		m := map[string]any{}
		require.NoError(t, json.Unmarshal(text, &m))
		change(m)
		text, err = json.Marshal(m)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "p.json")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		_, err = Load(path)
		var wrong *Error
		require.ErrorAs(t, err, &wrong, want)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
	}
	_, err = Read(strings.NewReader("metallic"))
	require.ErrorContains(t, err, "not a profile")
	_, err = Read(bytes.NewReader(nil))
	require.Error(t, err)
}

// Whatever a machine is known by makes a profile stale.
func TestCheck(t *testing.T) {
	require.NoError(t, sample().Check(MachineOf(info)))
	fields := reflect.TypeFor[Machine]()
	for i := range fields.NumField() {
		m := MachineOf(info)
		switch f := reflect.ValueOf(&m).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("another")
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{"another"}))
		case reflect.Float64:
			f.SetFloat(1)
		default:
			f.SetInt(77)
		}
		var stale *StaleError
		require.ErrorAs(t, sample().Check(m), &stale, fields.Field(i).Name)
		require.Len(t, stale.Differences, 1)
		require.Contains(t, stale.Error(), stale.Differences[0].Now)
		require.Contains(t, stale.Error(), "tune again")
	}
}

func TestVersionOf(t *testing.T) {
	other := &debug.Module{Path: "example.com/other", Version: "v9.9.9"}
	for want, build := range map[string]*debug.BuildInfo{
		"(unknown)": nil,
		"v1.2.3":    {Main: debug.Module{Path: module, Version: "v1.2.3"}},
		"v1.2.4":    {Main: *other, Deps: []*debug.Module{other, {Path: module, Version: "v1.2.4"}}},
		"v1.2.5":    {Main: *other, Deps: []*debug.Module{{Path: module, Version: "v1.2.4", Replace: &debug.Module{Path: module, Version: "v1.2.5"}}}},
		"(devel)":   {Main: debug.Module{Path: module, Version: "(devel)"}},
	} {
		require.Equal(t, want, versionOf(build))
	}
}

func TestVariables(t *testing.T) {
	s := sample().Settings
	require.Equal(t, []Variable{
		{"METALLIC_MATMUL_SMALLN_MAX_N", "12"},
		{"METALLIC_MATMUL_SIMD_M_MIN", "48"},
		{"METALLIC_MATMUL_SIMD_N_MIN", "0"},
		{"METALLIC_SOFTMAX_VEC_MAX_COLS", "2048"},
		{"METALLIC_QUEUE_DEPTH", "2"},
		{"METALLIC_IN_PLACE_BYTES", "65536"},
		{"METALLIC_LINGER", "20µs"},
	}, s.Variables())
	require.Empty(t, (&Settings{}).Variables())
}
