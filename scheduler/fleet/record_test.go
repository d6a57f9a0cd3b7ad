package fleet_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Placements, with why, and batches of all devices are in one file.
func TestPlacementsAreRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	file, err := metrics.OpenJSONL(path, 1000)
	require.NoError(t, err)
	s, err := fleet.OpenService(background, scheduler.Config{DeviceName: "sim:0-1", Recorder: file, CloseRecorder: true})
	require.NoError(t, err)
	for range 2 {
		w, err := s.LoadOperand(filled(64, 1))
		require.NoError(t, err)
		j, _ := product(w)
		require.NoError(t, s.Do(background, j))
	}
	require.NoError(t, s.Close(background))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, part := range []string{
		`"kind":"place"`, `"device":"sim:0","placed":"load","why":"loaded: most memory free","bytes":16384`, `"device":"sim:1","placed":"load"`,
		`"op":"matmul","device":"sim:0"`, `"op":"matmul","device":"sim:1"`, `"placed":"release","why":"released"`,
	} {
		require.Contains(t, string(text), part)
	}
	require.Equal(t, 6, strings.Count(string(text), "\n"))
}

// Metrics of devices have their names; jobs and tenants are counted once.
func TestMetrics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, steady(time.Millisecond, 0), steady(time.Millisecond, 0))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		jobs, _ := mixed(6, a, b)
		for _, j := range jobs {
			job.OptionsOf(j).Tenant = "x"
			require.NoError(t, r.Do(background, j))
		}
		x, y := filled(1, 2), filled(1, 0)
		require.NoError(t, r.Do(background, &job.Matmul{A: x, B: x, C: y, Options: job.Options{Tenant: "x"}}))
		shown := r.metrics()
		for name, want := range map[string]float64{
			`jobs_submitted_total`:                                       7,
			`jobs_total{outcome="done"}`:                                 7,
			`jobs_in_flight`:                                             0,
			`device_up{device="sim:0"}`:                                  1,
			`tenant_jobs_done_total{tenant="x"}`:                         7,
			`placements_total{device="sim:0",reason="home"}`:             3,
			`placements_total{device="sim:1",reason="home"}`:             3,
			`operand_copies{device="sim:1"}`:                             1,
			`operand_loads_total{device="sim:1"}`:                        1,
			`operand_host_bytes`:                                         2 * matrix,
			`device_hangs_total{device="sim:0"}`:                         0,
			`decisions_dropped_total`:                                    0,
			`jobs_waiting{device="sim:0"}`:                               0,
			`invariance_checks_total{device="sim:1",result="unchecked"}`: 0,
		} {
			got, ok := shown[name]
			require.True(t, ok, "%s is not there", name)
			require.Equal(t, want, got, name)
		}
		require.EqualValues(t, 7, r.TenantAudit("x").Done)
		require.Positive(t, r.DeviceTime("x"))
		require.Equal(t, "x", r.Tenants()[0].Name)
		r.end(t)
	})
}

// Preferences change on all devices or on none.
func TestRetune(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, steady(0, 0), steady(0, 0))
		prefs := policy.DefaultPrefs()
		prefs.SmallNMaxN = 4
		require.NoError(t, r.Retune(prefs))
		require.Equal(t, 4, r.Prefs().SmallNMaxN)
		prefs.SmallNMaxN = 99
		require.Error(t, r.Retune(prefs))
		require.Equal(t, 4, r.Prefs().SmallNMaxN)
		r.end(t)
	})
}

func TestConfigThatCannotBe(t *testing.T) {
	d := steady(0, 0)
	for what, cfg := range map[string]fleet.Config{
		"Device":     {Scheduler: scheduler.Config{Device: d}},
		"Trace":      {Scheduler: scheduler.Config{Trace: true}},
		"Devices[1]": {Devices: []fleet.Device{{Name: "a", Device: d}, {Name: "a", Device: d}}},
		"Devices[0]": {Devices: []fleet.Device{{Device: d}}},
		"MaxColumns": {Devices: []fleet.Device{{Name: "a", Device: d}}, Scheduler: scheduler.Config{MaxColumns: -1}},
	} {
		_, err := fleet.Open(background, cfg)
		var wrong *scheduler.ConfigError
		require.ErrorAs(t, err, &wrong, what)
		require.Equal(t, what, wrong.Field)
	}
	_, err := fleet.OpenService(background, scheduler.Config{DeviceName: "sim:0,gpu"})
	require.ErrorContains(t, err, "gpu")
	_, err = fleet.OpenService(background, scheduler.Config{DeviceName: "cuda:0,cuda:1"})
	if err == nil {
		t.Skip("NOT TESTED: devices that are missing; this machine has two GPUs")
	}
	require.ErrorContains(t, err, "cuda:0")
}
