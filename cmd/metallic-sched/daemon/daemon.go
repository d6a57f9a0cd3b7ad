package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/metrics/dashboard"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// daemon is a scheduler with all that it takes to be served.
type daemon struct {
	cfg  Config
	log  *slog.Logger
	jobs scheduler.Service
	api  *server.Server

	tokens   *Tokens       // nil: none
	certs    *certificates // nil: no TLS
	tenants  *tenants
	conns    *connections
	ready    *readiness
	dash     *dashboard.Dashboard
	status   *statuses
	counters *metrics.Counters
	refused  struct{ stranger, misdirected *metrics.Counter }
	reloads  struct{ done, failed *metrics.Counter }
	noise    quiet // of refused callers

	draining atomic.Bool
	doors    []*door
	guards   []*Guard
	shared   []net.Listener // that hand out shared memory
	served   sync.WaitGroup
	failed   chan error // the first door that closed by itself
}

// Run serves until it is told to stop: by ctx, SIGINT or SIGTERM. It then drains
// and returns nil, or an error if accepted jobs had to be cut off. It also drains when no
// device is left, which is an error.
func Run(ctx context.Context, cfg Config) error {
	cfg = cfg.withDefaults()
	if err := cfg.Check(); err != nil {
		return err
	}
	// Before anything is opened: who has just changed a file does not end the daemon
	// that is about to read it. It is read again when the daemon serves.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	d := newDaemon(cfg)
	if err := d.open(ctx); err != nil {
		return errors.Join(err, d.close())
	}
	return errors.Join(d.serve(ctx, hangups), d.close())
}

func newDaemon(cfg Config) *daemon {
	return &daemon{
		cfg: cfg, log: cfg.Logger, tenants: newTenants(maxTenants),
		counters: metrics.NewCounters(), noise: quiet{every: time.Second}, failed: make(chan error, 1),
	}
}

// open makes everything ready.
func (d *daemon) open(ctx context.Context) (err error) {
	if err := d.openCredentials(); err != nil {
		return fmt.Errorf("daemon: %w", err)
	}
	if err := d.openScheduler(ctx); err != nil {
		return err
	}
	if err := d.addOperands(); err != nil {
		return err
	}
	d.conns = &connections{most: int64(connectionLimit(d.cfg.MaxConnections)), full: d.tooMany}
	d.ready = newReadiness(d.jobs)
	d.status = newStatuses(d.api.Status)
	d.expose()
	return d.openDoors(ctx)
}

func (d *daemon) openCredentials() (err error) {
	if d.cfg.Tokens != "" {
		if d.tokens, err = OpenTokens(d.cfg.Tokens); err != nil {
			return err
		}
	}
	if d.cfg.TLSCert != "" {
		d.certs, err = openCertificates(d.cfg.TLSCert, d.cfg.TLSKey, d.cfg.ClientCA)
	}
	return err
}

func (d *daemon) openScheduler(ctx context.Context) (err error) {
	feed := &metrics.Feed{}
	d.dash = dashboard.New(d.page)
	cfg := d.cfg.Scheduler
	cfg.Logger = d.log
	cfg.Recorder = metrics.Multi{feed, d.dash}
	if r := d.cfg.Scheduler.Recorder; r != nil {
		cfg.Recorder = metrics.Multi{decisions{metrics.Multi{r}, d.log}, feed, d.dash}
	}
	if d.jobs, err = fleet.OpenService(ctx, cfg); err != nil {
		return err
	}
	d.api, err = server.New(server.Config{
		Scheduler: d.jobs, Feed: feed, Logger: d.log, Tenant: d.tenants.of,
		Admin:  func(ctx context.Context) bool { return identityOf(ctx).admin },
		Limits: server.Limits{MessageBytes: messageBytes, TenantOperandBytes: d.cfg.TenantOperandBytes},
	})
	return err
}

// close ends what is left.
func (d *daemon) close() error {
	var errs []error
	for _, x := range d.doors {
		errs = append(errs, x.close())
	}
	for _, l := range d.shared {
		errs = append(errs, l.Close())
	}
	d.served.Wait()
	if d.api != nil {
		errs = append(errs, d.api.Close())
	}
	if d.jobs != nil {
		late, stop := context.WithTimeout(context.Background(), closeTime)
		defer stop()
		errs = append(errs, d.jobs.Close(late))
	}
	return errors.Join(errs...)
}

// closeTime is for the scheduler to let go of what was cut off.
const closeTime = 5 * time.Second

func (d *daemon) stranger(r *http.Request, err error) {
	d.refused.stranger.Inc()
	d.tellRefused(r, err)
}

func (d *daemon) misdirected(r *http.Request, err error) {
	d.refused.misdirected.Inc()
	d.tellRefused(r, err)
}

// tellRefused logs a caller who was refused, but not each of many.
func (d *daemon) tellRefused(r *http.Request, err error) {
	d.noise.say(time.Now(), func(kept int) {
		d.log.Warn("refused", "from", r.RemoteAddr, "path", r.URL.Path, "error", err, "others", kept)
	})
}

func (d *daemon) tooMany(address string, peer net.Addr, allowed int64) {
	d.noise.say(time.Now(), func(kept int) {
		d.log.Warn("refused", "from", peer.String(), "address", address, "error", "too many connections", "allowed", allowed, "others", kept)
	})
}
