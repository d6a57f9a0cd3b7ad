package daemon

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyLocal(t *testing.T) {
	refused := 0
	h := onlyLocal(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(*http.Request, error) { refused++ })
	for host, want := range map[string]int{
		"localhost:7433": 200, "127.0.0.1:7433": 200, "[::1]:7433": 200, "::1": 200, "[::1]": 200, "127.0.0.1": 200,
		"evil.example:7433": 421, "evil.example": 421, "localhost.evil.example": 421, "10.0.0.1:1": 421, "": 421,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, host)
	}
	require.Equal(t, 5, refused)
}
