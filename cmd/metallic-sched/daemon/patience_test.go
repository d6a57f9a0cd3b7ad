package daemon

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAllowance(t *testing.T) {
	require.Equal(t, bodyTime, allowance(0))
	require.Equal(t, bodyTime+time.Second, allowance(slowRate))
	require.Equal(t, bodyTime+1024*time.Second, allowance(64<<20))
}

// deadlines takes the deadlines that a handler sets.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.read = append(d.read, at)
	return nil
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.write = append(d.write, at)
	return nil
}

func TestPatience(t *testing.T) {
	var got error
	h := patient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, got = io.Copy(io.Discard, r.Body)
		_, _ = w.Write([]byte("answer"))
	}))
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("question")))
	require.NoError(t, got)
	require.False(t, w.read[0].IsZero(), "the body must come in time")
	require.True(t, w.read[len(w.read)-1].IsZero(), "after it nothing need come")
	require.Len(t, w.write, 1)

	broken := errors.New("broken")
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.MultiReader(strings.NewReader("x"), failing{broken})))
	require.ErrorIs(t, got, broken)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
