package daemon

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
)

// A file that jobs can name nothing of is refused, not served.
func TestUselessFiles(t *testing.T) {
	ids, err := safetensors.NewTensorView(safetensors.I64, []uint64{2, 1}, make([]byte, 16))
	require.NoError(t, err)
	scores, err := safetensors.NewTensorView(safetensors.F32, []uint64{1, 1, 1, 1}, make([]byte, 4))
	require.NoError(t, err)
	weights, err := safetensors.NewTensorView(safetensors.F32, []uint64{1}, make([]byte, 4))
	require.NoError(t, err)
	for want, tensors := range map[string]map[string]safetensors.TensorView{
		"it has none at all; allowed: F32, F16 or BF16, 1 to 3 dimensions": {},
		`it has "ids" of I64 [2 1]; allowed`:                               {"ids": ids},
		`it has "ids" of I64 [2 1] and 1 more; allowed`:                    {"scores": scores, "ids": ids},
		"": {"ids": ids, "weights": weights},
	} {
		raw, err := safetensors.Serialize(tensors, nil)
		require.NoError(t, err)
		dir := t.TempDir()
		path := filepath.Join(dir, "w.safetensors")
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		cfg := Config{
			Listen:    []Address{address(t, "unix:"+filepath.Join(dir, "s"))},
			Operands:  []string{path},
			Scheduler: scheduler.Config{DeviceName: "sim"},
		}
		d := newDaemon(cfg.withDefaults())
		err = d.open(t.Context())
		require.NoError(t, d.close())
		if want == "" {
			require.NoError(t, err)
			continue
		}
		var useless *UselessFileError
		require.ErrorAs(t, err, &useless)
		require.ErrorContains(t, err, path)
		require.ErrorContains(t, err, want)
	}
}
