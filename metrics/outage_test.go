package metrics

import (
	"bytes"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// told returns a logger without times and what it has logged.
func told() (*slog.Logger, *bytes.Buffer) {
	var text bytes.Buffer
	return slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})), &text
}

// A full disk is told once and not written to for ever: when it has room again,
// so have decisions.
func TestWritingGoesOnAfterAnOutage(t *testing.T) {
	d := &disk{room: 10}
	j := NewJSONL(d, 16)
	logger, text := told()
	Multi{Discard{}, j}.LogTo(logger)
	for range 3 {
		j.Record(decision())
		require.ErrorIs(t, j.Flush(t.Context()), errNoSpace)
	}
	require.EqualValues(t, 3, j.Dropped())
	require.Zero(t, j.Written())
	require.Equal(t, "level=WARN msg=\"decisions cannot be written and are dropped\" error=\"no space left\"\n", text.String())

	d.room = 1 << 20
	text.Reset()
	last := decision()
	last.Seq = 99
	j.Record(last)
	require.ErrorIs(t, j.Flush(t.Context()), errNoSpace, "some were lost")
	require.EqualValues(t, 1, j.Written())
	require.EqualValues(t, 3, j.Dropped())
	require.Equal(t, "level=INFO msg=\"decisions are written again\" dropped=3\n", text.String())
	require.Equal(t, []uint64{99}, sequence(t, d.String()[len("{\"v\":1,\"se\n"):]))
	require.ErrorIs(t, j.Close(t.Context()), errNoSpace)
}

// An output that fails now and again does not fill the log.
func TestOutagesAreToldOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o outage
		logger, text := told()
		o.note(errNoSpace, 1) // nobody listens yet
		o.logger.Store(logger)
		for range 10 {
			o.note(errNoSpace, 1)
			o.note(nil, 0)
			o.note(nil, 0)
			time.Sleep(outageEvery / 10)
		}
		require.Equal(t, 2, bytes.Count(text.Bytes(), []byte("\n")), text)
		require.Contains(t, text.String(), "dropped=2")
		text.Reset()
		o.note(errNoSpace, 5)
		o.note(nil, 0)
		require.Contains(t, text.String(), "dropped=14", "those that were not told are counted")
	})
}
