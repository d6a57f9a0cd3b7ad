package daemon

import (
	"net/http"
	"net/http/pprof"

	"connectrpc.com/grpcreflect"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
)

// front returns what an address answers. Only the health is anybody's business.
func (d *daemon) front(a Address) http.Handler {
	guard := &Guard{Tokens: d.tokens, Anybody: d.cfg.open(a), Refused: d.stranger}
	if d.certs != nil {
		guard.Trusts = d.certs.trusts
	}
	d.guards = append(d.guards, guard)
	inside := http.NewServeMux()
	d.routeAPI(inside)
	d.routePages(inside)
	return d.outside(a, guard, inside)
}

// back returns what the admin's address answers: the same, and the profiler.
func (d *daemon) back(a Address) http.Handler {
	inside := http.NewServeMux()
	d.routeAPI(inside)
	d.routePages(inside)
	inside.HandleFunc("/debug/pprof/", pprof.Index)
	inside.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	inside.HandleFunc("/debug/pprof/profile", pprof.Profile)
	inside.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	inside.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return d.outside(a, &Guard{Anybody: true, Refused: d.stranger}, inside)
}

// outside is what everybody gets at, and the way in.
func (d *daemon) outside(a Address, guard *Guard, inside http.Handler) http.Handler {
	mux := http.NewServeMux()
	d.routeHealth(mux)
	mux.Handle("/", guard.Handler(admitted(inside)))
	h := Named(d.cfg.Version, http.NewCrossOriginProtection().Handler(mux))
	if guard.Anybody && !a.unix() {
		h = onlyLocal(h, d.misdirected)
	}
	return brisk(h)
}

// streaming are the calls that may take as long as they like.
var streaming = []string{
	metallicv1connect.JobServiceSubmitStreamProcedure,
	metallicv1connect.OperandServiceLoadProcedure,
	metallicv1connect.SchedulerServiceDecisionsProcedure,
	"/" + grpcreflect.ReflectV1ServiceName + "/",
	"/" + grpcreflect.ReflectV1AlphaServiceName + "/",
}

func (d *daemon) routeAPI(mux *http.ServeMux) {
	api := d.api.Handler()
	for _, name := range []string{
		metallicv1connect.JobServiceName, metallicv1connect.OperandServiceName, metallicv1connect.SchedulerServiceName,
	} {
		mux.Handle("/"+name+"/", patient(api))
	}
	for _, path := range streaming {
		mux.Handle(path, unhurried(api))
	}
	// To an admin who waits for a drain nothing comes for long, either.
	mux.Handle("/"+metallicv1connect.AdminServiceName+"/", Admins(patient(api)))
}

func (d *daemon) routePages(mux *http.ServeMux) {
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		d.jobs.WritePrometheus(w)
		d.counters.WritePrometheus(w)
	})
	mux.Handle("/", d.dash.Handler())
}

func (d *daemon) routeHealth(mux *http.ServeMux) {
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, r *http.Request) {
		if d.drains() {
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		if err := d.ready.check(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
}
