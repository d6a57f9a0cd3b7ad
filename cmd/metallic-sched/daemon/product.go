package daemon

import (
	"net/http"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/remote"
)

// Named makes a handler's answers say what program and version they are from.
func Named(version string, next http.Handler) http.Handler {
	name := remote.Product + "/" + version
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", name)
		next.ServeHTTP(w, r)
	})
}
