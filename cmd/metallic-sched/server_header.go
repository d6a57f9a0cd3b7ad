package main

import (
	"net/http"
	"runtime/debug"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/remote"
)

// named makes a handler's answers say what program and version they are from.
func named(next http.Handler) http.Handler {
	info, _ := debug.ReadBuildInfo()
	name := remote.Product + "/" + moduleVersion(info)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", name)
		next.ServeHTTP(w, r)
	})
}
