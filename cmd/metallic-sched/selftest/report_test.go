package selftest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	r := NewReport([]string{"HOME=/home/a", "METALLIC_BLAS=/a/b", "METALLIC_X="}, strings.ToUpper)
	require.Equal(t, map[string]string{"METALLIC_BLAS": "/A/B", "METALLIC_X": ""}, r.Environment)
	r.Requested, r.Time = "auto", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.Equal(t, "metallic-sched-selftest-auto-20260102-030405.json", r.FileName())
	r.Device = &Device{Backend: "metal"}
	require.Equal(t, "metallic-sched-selftest-metal-20260102-030405.json", r.FileName())
	r.Parts = []Ending{{Part: PartDevice, Outcome: Passed}}

	path := filepath.Join(t.TempDir(), "report.json")
	require.NoError(t, r.Save(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(text, &back))
	require.True(t, back.Passed)
	require.Equal(t, *r, back)

	r.Parts = append(r.Parts, Ending{Part: PartNumerics, Outcome: NotTested})
	require.NoError(t, r.Save(path))
	require.False(t, r.Passed)
	require.Error(t, r.Save(filepath.Join(path, "x")))
}
