package main

import (
	"errors"
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	o, err := parse(nil, io.Discard)
	require.NoError(t, err)
	require.Equal(t, 7, o.reps)
	require.Equal(t, 1, o.threads[0])
	require.Contains(t, o.shapes, shape{151936, 896})

	o, err = parse([]string{"-shapes", "3x4,5x6", "-quick", "-n", "2", "-sections=softmax", "-md"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []shape{{3, 4}, {5, 6}}, o.shapes)
	require.Equal(t, []int{2}, o.columns)
	require.Equal(t, []string{"softmax"}, o.sections)
	require.True(t, o.markdown)
	require.Equal(t, 3, o.reps, "of -quick")

	o, err = parse([]string{"-reps", "5", "-quick"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, 5, o.reps, "said, so not of -quick")
}

func TestParseRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"-n", "0"},
		{"-n", "1,,2"},
		{"-sizes", "big"},
		{"-shapes", "64"},
		{"-shapes", "64x"},
		{"-types", "f64"},
		{"-sections", "hgemm"},
		{"quick"},
	} {
		_, err := parse(args, io.Discard)
		require.Error(t, err, "%v", args)
		require.False(t, errors.Is(err, flag.ErrHelp))
	}
}
