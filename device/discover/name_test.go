package discover

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

func TestExpand(t *testing.T) {
	saved := backends
	defer func() { backends = saved }()
	four := func() (int, error) { return 4, nil }
	no := func() (int, error) { return 0, errors.New("no driver") }
	backends = []backend{{name: "metal", count: no}, {name: "cuda", count: four}, {name: "cpu", count: one}, {name: "sim", count: one}}
	for names, want := range map[string][]string{
		"auto":                {"auto"},
		"cuda":                {"cuda"},
		"cuda:1":              {"cuda:1"},
		"cuda:0,cuda:1":       {"cuda:0", "cuda:1"},
		"cuda:1-3":            {"cuda:1", "cuda:2", "cuda:3"},
		"cuda:all":            {"cuda:0", "cuda:1", "cuda:2", "cuda:3"},
		"cpu,cuda:2,sim:5-5":  {"cpu", "cuda:2", "sim:5"},
		"sim:0-1,cuda:all":    {"sim:0", "sim:1", "cuda:0", "cuda:1", "cuda:2", "cuda:3"},
		"cpu:all":             {"cpu:0"},
		"cuda:0-0,cuda:1-255": nil, // below
	} {
		got, err := Expand(names)
		require.NoError(t, err, names)
		require.NoError(t, Check(names), names)
		if want == nil {
			require.Len(t, got, 256)
			continue
		}
		require.Equal(t, want, got, names)
		require.True(t, len(want) == 1 || Several(names), names)
	}
	_, err := Expand("metal:all")
	require.ErrorContains(t, err, "no driver")
	backends[0].count = func() (int, error) { return 0, nil }
	_, err = Expand("cuda:0,metal:all")
	require.ErrorIs(t, err, device.ErrUnavailable)
}

func TestNamesThatCannotBeMeant(t *testing.T) {
	for _, names := range []string{
		"", ",", "gpu", "cuda,", "cuda:", "cuda:-1", "cuda:x", "cuda:1-", "cuda:-", "cuda:3-1", "cuda:0-256", "gpu:all", "gpu:0-1",
		"auto:0", "auto:all", "auto,cpu", "cpu,auto", "cuda:0,cuda", "cuda:1,cuda:0-2", "cuda:99999999999999999999", "cuda:1:2", " cuda",
	} {
		require.Error(t, Check(names), "%q", names)
		_, err := Expand(names)
		require.Error(t, err, "%q", names)
	}
}
