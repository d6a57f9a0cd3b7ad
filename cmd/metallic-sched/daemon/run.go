package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// serve answers callers and signals until it is told to stop, then drains.
func (d *daemon) serve(ctx context.Context, hangups <-chan os.Signal) error {
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM)
	defer signal.Stop(ends)
	for _, x := range d.doors {
		d.served.Go(func() {
			if err := x.serve(); err != nil {
				select {
				case d.failed <- err:
				default:
				}
			}
		})
	}
	info := d.jobs.Info()
	d.log.Info("serving", "version", d.cfg.Version, "device", info.Backend, "name", info.Name, "pid", os.Getpid(), "max_connections", d.conns.most)
	d.tell("READY=1", "STATUS=serving on "+info.Backend)
	return d.attend(ctx, hangups, ends)
}

// attend waits for signals, and tells systemd that the daemon lives.
func (d *daemon) attend(ctx context.Context, hangups, ends <-chan os.Signal) error {
	alive := time.NewTicker(watchdogInterval(os.Getenv))
	defer alive.Stop()
	look := time.NewTicker(lookTime)
	defer look.Stop()
	for {
		select {
		case <-alive.C:
			d.tell("WATCHDOG=1")
		case <-hangups:
			d.reload()
		case s := <-ends:
			signal.Reset(syscall.SIGTERM) // a second one ends the program at once
			return d.drain(ctx, ctx, s.String())
		case <-ctx.Done():
			signal.Reset(syscall.SIGTERM)
			return d.drain(context.WithoutCancel(ctx), ctx, "interrupt")
		case err := <-d.failed:
			return err
		case <-look.C:
			if d.jobs.Lost() && !d.api.Draining() { // who drained it wants no other
				signal.Reset(syscall.SIGTERM)
				return errors.Join(errNoDevice, d.drain(ctx, ctx, "no device is left"))
			}
		}
	}
}

// lookTime is how often the daemon looks whether a device is left.
const lookTime = time.Second

// errNoDevice ends a daemon that can serve nobody any more. Who watches over it
// starts another, which may have better luck: a GPU that failed may be broken for
// this process alone.
var errNoDevice = errors.New("daemon: no device is left: each was lost and could not be had again")

// drain takes no new jobs and waits for those that were accepted, as long as
// the Config allows and hurry has not ended.
func (d *daemon) drain(hurry, ctx context.Context, why string) error {
	d.draining.Store(true)
	d.tell("STOPPING=1", "STATUS=draining")
	start, before := time.Now(), d.jobs.Audit()
	d.log.Info("draining", "why", why, "in_flight", before.InFlight, "at_most", d.cfg.Drain)
	late, stop := context.WithTimeout(hurry, d.cfg.Drain)
	defer stop()
	if err := d.api.Drain(late); err != nil {
		left := d.jobs.Audit().InFlight
		d.log.Error("jobs were cut off", "jobs", left, "after", time.Since(start).Round(time.Millisecond))
		return fmt.Errorf("daemon: %d jobs were cut off after %v: %w", left, d.cfg.Drain, err)
	}
	d.deliver(context.WithoutCancel(ctx))
	d.log.Info("drained", "jobs", d.jobs.Audit().Done-before.Done, "after", time.Since(start).Round(time.Millisecond))
	return nil
}

// drains reports whether no new jobs are taken: since a signal, or since an admin's call.
func (d *daemon) drains() bool { return d.draining.Load() || d.api.Draining() }

// deliverTime is for callers to take their answers.
const deliverTime = 2 * time.Second

// deliver lets answers get to their callers before connections are closed.
func (d *daemon) deliver(ctx context.Context) {
	late, stop := context.WithTimeout(ctx, deliverTime)
	defer stop()
	var closing sync.WaitGroup
	for _, x := range d.doors {
		closing.Go(func() { _ = x.server.Shutdown(late) }) // who takes longer is cut off
	}
	_ = d.api.Close() // ends the streams, when their jobs are answered
	closing.Wait()
}

// reload reads the files of credentials again, ends the streams of those who are
// no longer welcome, and goes on recording to a new file where the old one was
// renamed. What cannot be read or opened stays as it was.
func (d *daemon) reload() {
	d.tell("RELOADING=1", "MONOTONIC_USEC="+strconv.FormatInt(monotonic(), 10))
	var errs []error
	if d.tokens != nil {
		errs = append(errs, d.tokens.Reload())
	}
	if d.certs != nil {
		errs = append(errs, d.certs.reload())
	}
	ended := 0
	for _, g := range d.guards { // also after an error: one file may have been read
		ended += g.Recheck()
	}
	wrong, lost := errors.Join(errs...), d.reopenDecisions()
	if wrong != nil {
		d.log.Error("reload failed, the old files stay in use", "error", wrong)
	} else {
		d.log.Info("reloaded", "tokens", d.cfg.Tokens, "tls_cert", d.cfg.TLSCert, "client_ca", d.cfg.ClientCA, "ended", ended)
	}
	if lost != nil { // not with the others: who has revoked a token wants to know that it is
		d.log.Error("the log of decisions was not opened again, or the old one not closed", "error", lost)
	}
	if wrong == nil && lost == nil {
		d.reloads.done.Inc()
	} else {
		d.reloads.failed.Inc()
	}
	d.tell("READY=1")
}

// monotonic is the time that systemd compares reloads by, in microseconds.
func monotonic() int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) // the clock exists
	return t.Nano() / 1000
}

// tell tells systemd.
func (d *daemon) tell(state ...string) {
	if err := notify(state...); err != nil {
		d.log.Warn("systemd cannot be told", "error", err)
	}
}

// watchdogInterval is how often systemd wants to hear that the daemon lives:
// twice as often as it must, or hardly ever.
func watchdogInterval(getenv func(string) string) time.Duration {
	const never = 24 * time.Hour
	if pid := getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return never
	}
	us, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || us <= 0 {
		return never
	}
	return max(time.Duration(us)*time.Microsecond/2, time.Millisecond)
}
