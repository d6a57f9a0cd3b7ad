//go:build darwin || linux

package objc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoadSaysWhatIsMissing(t *testing.T) {
	_, err := Load("/nonexistent/libobjc.dylib")
	require.ErrorContains(t, err, "objc: open /nonexistent/libobjc.dylib")
}

// What goes on the stack is packed in ways of its own on macOS.
func TestBindRefusesTooManyIntegers(t *testing.T) {
	r := &Runtime{msgSend: 1, msgSendStret: 1}
	var fits func(self ID, s SEL, a, b, c, d, e, f uint, x, y, z float64)
	r.Bind(&fits)
	require.NotNil(t, fits)
	var long func(self ID, s SEL, a, b, c, d, e, f, g uint)
	require.PanicsWithValue(t, "objc: func(objc.ID, objc.SEL, uint, uint, uint, uint, uint, uint, uint) has 9 integers; at most 8",
		func() { r.Bind(&long) })
}

// A block calls its function once, however often it is called.
func TestBlockCallsOnce(t *testing.T) {
	before := PendingBlocks()
	var got []ID
	b := (&Runtime{}).NewBlock(func(o ID) { got = append(got, o) })
	require.Equal(t, before+1, PendingBlocks())
	copied := *b
	call(&copied, 7)
	call(b, 8)
	require.Equal(t, []ID{7}, got)
	require.Equal(t, before, PendingBlocks())
}

// All blocks share one of the 2000 callbacks that a process has.
func TestBlocksShareACallback(t *testing.T) {
	r := &Runtime{}
	first := r.NewBlock(func(ID) { t.Error("it was dropped") })
	first.Drop()
	call(first, 0)
	for range 3000 {
		b := r.NewBlock(func(ID) {})
		require.Equal(t, first.invoke, b.invoke)
		b.Drop()
	}
	require.Zero(t, PendingBlocks())
}
