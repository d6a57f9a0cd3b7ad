package selftest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMachine(t *testing.T) {
	m := machine()
	require.Positive(t, m.Threads)
	require.NotEmpty(t, m.System)
	require.Equal(t, "b c", field([]byte("x: y\n a :  \"b c\" \na: d\n"), "a", ":"))
	require.Empty(t, field(nil, "a", ":"))
}
