package metrics

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Files that are renamed while many record have every record once, whole.
func TestRotationLosesAndDoublesNothing(t *testing.T) {
	const callers, each, rotations = 4, 200, 10
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	j, err := OpenJSONL(path, callers*each)
	require.NoError(t, err)
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			d := decision()
			for i := range each {
				d.Seq = uint64(c*each + i)
				j.Record(d)
			}
		})
	}
	files := []string{path}
	for i := range rotations {
		old := fmt.Sprint(path, ".", i)
		require.NoError(t, os.Rename(path, old))
		require.NoError(t, Multi{Discard{}, j}.Reopen(t.Context()))
		files = append(files, old)
	}
	all.Wait()
	require.NoError(t, j.Close(t.Context()))
	require.EqualValues(t, callers*each, j.Written())
	seen := map[uint64]int{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, seq := range sequence(t, string(text)) {
			seen[seq]++
		}
	}
	require.Len(t, seen, callers*each)
	for seq, times := range seen {
		require.Equal(t, 1, times, "record %d", seq)
	}
}

// What was recorded before Reopen is in the old file, what comes after in the
// new one.
func TestReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "decisions.jsonl")
	j, err := OpenJSONL(path, 16)
	require.NoError(t, err)
	record := func(seq uint64) {
		d := decision()
		d.Seq = seq
		j.Record(d)
		require.NoError(t, j.Flush(t.Context()))
	}
	record(1)
	require.NoError(t, j.Reopen(t.Context())) // nothing was renamed
	record(2)
	require.NoError(t, os.Rename(path, path+".1"))
	require.NoError(t, j.Reopen(t.Context()))
	record(3)
	require.NoError(t, os.Rename(dir, dir+"b"))
	require.ErrorIs(t, j.Reopen(t.Context()), os.ErrNotExist)
	record(4) // to where it was
	require.NoError(t, j.Close(t.Context()))
	for name, want := range map[string][]uint64{"decisions.jsonl.1": {1, 2}, "decisions.jsonl": {3, 4}} {
		text, err := os.ReadFile(filepath.Join(dir+"b", name))
		require.NoError(t, err)
		require.Equal(t, want, sequence(t, string(text)))
	}
	require.NoError(t, os.Rename(dir+"b", dir))
	require.ErrorIs(t, j.Reopen(t.Context()), errClosed)
}

// An output that is stuck holds up no reload, and what is no file stays open.
func TestReopenOfWhatIsNoFile(t *testing.T) {
	require.NoError(t, NewJSONL(nowhere{}, 1).Reopen(t.Context()))
	j, err := OpenJSONL(os.DevNull, 1)
	require.NoError(t, err)
	before := j.page.output
	require.NoError(t, j.Reopen(t.Context()))
	require.NoError(t, j.Close(t.Context()))
	require.Same(t, before, j.page.output)

	o := held()
	j = newJSONL(o, filepath.Join(t.TempDir(), "decisions.jsonl"), 4)
	j.Record(decision())
	<-o.entered
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, j.Reopen(gone), context.Canceled)
	close(o.proceed)
	require.NoError(t, j.Close(t.Context()))
	require.EqualValues(t, 1, j.Written())
	require.Len(t, sequence(t, o.String()), 1)
}

// Who opens a file on a disk that does not answer waits no longer than allowed.
func TestOpenInTime(t *testing.T) {
	answers, opened := make(chan struct{}), make(chan *os.File, 1)
	ctx, stop := context.WithCancelCause(t.Context())
	late := errors.New("late")
	_, err := inTime(ctx, func() (*os.File, error) {
		stop(late)
		<-answers
		f, err := os.Open(os.DevNull)
		opened <- f
		return f, err
	})
	require.ErrorIs(t, err, late)
	close(answers)
	f := <-opened
	require.Eventually(t, func() bool {
		_, err := f.Stat()
		return errors.Is(err, os.ErrClosed)
	}, time.Minute, time.Millisecond)
}
