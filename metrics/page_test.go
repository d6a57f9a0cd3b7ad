package metrics

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var errNoSpace = errors.New("no space left")

// disk takes as many bytes as it has room for.
type disk struct {
	output
	room int
}

func (d *disk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	_, _ = d.Buffer.Write(p[:n]) // it never fails
	if n < len(p) {
		return n, errNoSpace
	}
	return n, nil
}

// Whatever part of a page is written, whole records are counted as such, and the
// next record has a line to itself.
func TestAPageThatIsWrittenInPart(t *testing.T) {
	const records = "one\ntwo\nthree\n"
	for room := range len(records) {
		d := &disk{room: room}
		p := &page{}
		p.turn(d)
		for _, line := range []string{"one\n", "two\n", "three\n"} {
			p.lines.WriteString(line)
			p.mark()
		}
		written, lost, err := p.flush()
		require.ErrorIs(t, err, errNoSpace)
		require.EqualValues(t, 3, written+lost)
		there, whole := records[:room], uint64(0)
		if room >= len("one\n") {
			whole++
		}
		if room >= len("one\ntwo\n") {
			whole++
		}
		require.Equal(t, whole, written, "room for %d", room)

		for more := range 3 { // nothing, the end of the line, a little of the next
			p.lines.WriteString("four\n")
			p.mark()
			d.room = more
			written, lost, err = p.flush()
			require.ErrorIs(t, err, errNoSpace)
			require.Zero(t, written)
			require.EqualValues(t, 1, lost)
		}
		d.room = 100
		p.lines.WriteString("five\n")
		p.mark()
		written, lost, err = p.flush()
		require.NoError(t, err)
		require.EqualValues(t, 1, written)
		require.Zero(t, lost)
		require.Regexp(t, "^"+there+"\n?f?\n?f?o?\nfive\n$", d.String())
		require.NotContains(t, d.String(), "\n\n", "no line is empty")
	}
}

func TestAShortWriteIsAnError(t *testing.T) {
	p := &page{}
	p.turn(halver{})
	p.lines.WriteString("one\n")
	p.mark()
	written, lost, err := p.flush()
	require.Error(t, err)
	require.Zero(t, written)
	require.EqualValues(t, 1, lost)
}

// halver breaks the rule of io.Writer that less than all is an error.
type halver struct{ nowhere }

func (halver) Write(p []byte) (int, error) { return len(p) / 2, nil }

// A file that a full disk or a crash cut short is gone on with on a line of its
// own.
func TestAFileThatEndsWithinALine(t *testing.T) {
	for before, want := range map[string]string{"": "", "{}\n": "{}\n", `{"v"`: "{\"v\"\n"} {
		path := filepath.Join(t.TempDir(), "decisions.jsonl")
		require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
		j, err := OpenJSONL(path, 4)
		require.NoError(t, err)
		j.Record(decision())
		require.NoError(t, j.Close(t.Context()))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Len(t, sequence(t, string(text[len(want):])), 1)
		require.Equal(t, want, string(text[:len(want)]))
	}
}
