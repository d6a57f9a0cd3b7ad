package daemon

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
)

// A drain that an admin asked for shows wherever one by a signal does.
func TestAnAdminsDrainShows(t *testing.T) {
	d := newDaemon(Config{Scheduler: scheduler.Config{DeviceName: "sim"}, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, d.open(t.Context()))
	defer func() { require.NoError(t, d.close()) }()
	seen := func() (page bool, metric string) {
		var text strings.Builder
		d.counters.WritePrometheus(&text)
		_, rest, _ := strings.Cut(text.String(), "\nmetallic_sched_draining ")
		return d.page().Draining, rest[:1]
	}
	page, metric := seen()
	require.False(t, page)
	require.Equal(t, "0", metric)

	require.NoError(t, d.api.Drain(t.Context()))
	page, metric = seen()
	require.True(t, page)
	require.Equal(t, "1", metric)
	mux, w := http.NewServeMux(), httptest.NewRecorder()
	d.routeHealth(mux)
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
}
