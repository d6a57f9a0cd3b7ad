package dashboard

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
)

func get(t *testing.T, d *Dashboard, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func TestPage(t *testing.T) {
	d, _ := filled()
	for path, kind := range map[string]string{"/": "text/html", "/page.css": "text/css", "/page.js": "text/javascript"} {
		w := get(t, d, path)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Contains(t, w.Header().Get("Content-Type"), kind)
		require.NotRegexp(t, `https?://`, w.Body.String(), "the page needs no internet")
	}
	require.Equal(t, http.StatusNotFound, get(t, d, "/nonesuch").Code)
}

func TestEvents(t *testing.T) {
	d, _ := filled()
	server := httptest.NewServer(d.Handler())
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", nil)
	require.NoError(t, err)
	answer, err := server.Client().Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	line, err := bufio.NewReader(answer.Body).ReadString('\n')
	require.NoError(t, err)
	body, ok := strings.CutPrefix(line, "data: ")
	require.True(t, ok, line)
	var s Snapshot
	require.NoError(t, json.Unmarshal([]byte(body), &s))
	require.Equal(t, "alice", s.Status.Queue[0].Name)
}

func TestCharts(t *testing.T) {
	for name, d := range map[string]func() *Dashboard{
		"empty":  func() *Dashboard { return New(func() Status { return Status{} }) },
		"filled": func() *Dashboard { d, _ := filled(); return d },
	} {
		for chart := range drawings {
			for _, query := range []string{"", "?width=400&theme=dark", "?width=-5", "?width=1e9&theme=pink"} {
				w := get(t, d(), "/chart/"+chart+".svg"+query)
				require.Equal(t, http.StatusOK, w.Code, "%s %s: %s", name, chart, w.Body)
				require.Equal(t, "image/svg+xml", w.Header().Get("Content-Type"))
				require.NoError(t, wellFormed(w.Body), "%s %s", name, chart)
			}
		}
	}
	d, _ := filled()
	require.Contains(t, get(t, d, "/chart/sizes.svg").Body.String(), "9-16")
	for _, path := range []string{"/chart/nonesuch.svg", "/chart/jobs", "/chart/jobs.png"} {
		require.Equal(t, http.StatusNotFound, get(t, d, path).Code, path)
	}
}

func wellFormed(r io.Reader) error {
	for d := xml.NewDecoder(r); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestDecision(t *testing.T) {
	d, _ := filled()
	w := get(t, d, "/decision/7")
	require.Equal(t, http.StatusOK, w.Code)
	var r metrics.Decision
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &r))
	require.EqualValues(t, 7, r.Seq)
	require.Equal(t, "N=1 <= 8", r.Reason())
	require.Equal(t, http.StatusNotFound, get(t, d, "/decision/70").Code)
	require.Equal(t, http.StatusBadRequest, get(t, d, "/decision/seven").Code)
}
