package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/alecthomas/kong"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/daemon"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// serveCommand is a scheduler that many processes share. Each flag has a
// variable; flags come first.
type serveCommand struct {
	Listen []daemon.Address `default:"${address}" env:"METALLIC_SERVE_LISTEN" placeholder:"ADDRESS" help:"HOST:PORT or unix:PATH; again for more. What others can reach needs TLS and tokens or a client CA."`
	Admin  daemon.Address   `env:"METALLIC_SERVE_ADMIN" placeholder:"ADDRESS" help:"Where admins find the profiler, and all else, without credentials: a loopback address or unix:PATH."`

	TLSCert  string `env:"METALLIC_SERVE_TLS_CERT" placeholder:"FILE" help:"PEM certificates; TCP addresses speak TLS only. Read again on SIGHUP, as are the next three; a METALLIC_METRICS_JSONL_PATH is opened again."`
	TLSKey   string `env:"METALLIC_SERVE_TLS_KEY" placeholder:"FILE" help:"The key of -tls-cert."`
	ClientCA string `env:"METALLIC_SERVE_CLIENT_CA" placeholder:"FILE" help:"PEM certificates of authorities whose clients are let in, the common name being the tenant."`
	Tokens   string `env:"METALLIC_SERVE_TOKENS" placeholder:"FILE" help:"Bearer tokens, a line each: TOKEN TENANT [admin]. Others must not be able to read it."`

	Drain          time.Duration `default:"30s" env:"METALLIC_SERVE_DRAIN" help:"How long accepted jobs may take to end after SIGTERM."`
	MaxConnections int           `default:"16384" env:"METALLIC_SERVE_MAX_CONNECTIONS" placeholder:"N" help:"At least 1; more are closed at once."`
	Operands       []string      `env:"METALLIC_SERVE_OPERANDS" placeholder:"FILE" help:".safetensors files whose tensors jobs may name; again for more."`

	Jobs        int64    `default:"4000000" env:"METALLIC_SERVE_JOBS" placeholder:"N" help:"Jobs in flight, at least 1; more are refused."`
	Bytes       byteSize `default:"8GiB" env:"METALLIC_SERVE_BYTES" placeholder:"SIZE" help:"Their activations and results."`
	TenantJobs  int64    `env:"METALLIC_SERVE_TENANT_JOBS" placeholder:"N" help:"Jobs in flight of one tenant; 0 for no limit."`
	TenantBytes byteSize `env:"METALLIC_SERVE_TENANT_BYTES" placeholder:"SIZE" help:"Their activations and results; none for no limit."`

	TenantOperandBytes byteSize `env:"METALLIC_SERVE_TENANT_OPERAND_BYTES" placeholder:"SIZE" help:"Operands and unfinished uploads that one tenant holds; default 4GiB where others can reach the server, else no limit."`

	Device      string `env:"METALLIC_SERVE_DEVICE" help:"auto, metal, cuda, cpu or sim, or several such as cuda:0,cuda:1 or cuda:all, instead of METALLIC_DEVICE."`
	LogFormat   string `default:"text" enum:"text,json" env:"METALLIC_SERVE_LOG_FORMAT" help:"text or json, to stderr. METALLIC_LOG_LEVEL says how much. Not json with METALLIC_METRICS_CONSOLE."`
	PrintConfig bool   `help:"Print every setting, its value and where that comes from, and end."`
}

// Run implements the command.
func (c *serveCommand) Run(ctx context.Context, s streams, k *kong.Context) error {
	if c.PrintConfig {
		return errors.Join(printConfig(s.out, k), c.check())
	}
	if err := c.check(); err != nil {
		return err
	}
	cfg, err := environment(c.Device)
	if err != nil {
		return err
	}
	log := c.logger(s, cfg.Logger)
	cfg.Limits = job.Limits{Jobs: c.Jobs, Bytes: int64(c.Bytes), TenantJobs: c.TenantJobs, TenantBytes: int64(c.TenantBytes)}
	return daemon.Run(ctx, c.config(cfg, log))
}

// check returns what is wrong with the command line.
func (c *serveCommand) check() error {
	cfg := c.config(scheduler.Config{}, nil)
	if err := cfg.Check(); err != nil {
		return wrongUsage("%v", err)
	}
	switch {
	case c.MaxConnections < 1:
		return wrongUsage("--max-connections is %d; allowed: at least 1", c.MaxConnections)
	case c.Jobs < 1: // to a scheduler 0 is the default
		return wrongUsage("--jobs is %d; allowed: at least 1", c.Jobs)
	case c.TenantJobs < 0:
		return wrongUsage("--tenant-jobs is %d; allowed: at least 1, or 0 for no limit", c.TenantJobs)
	case c.Drain <= 0:
		return wrongUsage("--drain is %v; allowed: more than 0", c.Drain)
	case c.LogFormat == "json" && truthyVariable(consoleVariable):
		return wrongUsage("--log-format json and %s, which writes text among it: not both; METALLIC_METRICS_JSONL_PATH writes JSON", consoleVariable)
	}
	return checkDevice(c.Device)
}

const consoleVariable = "METALLIC_METRICS_CONSOLE"

func (c *serveCommand) config(s scheduler.Config, log *slog.Logger) daemon.Config {
	return daemon.Config{
		Listen: c.Listen, Admin: c.Admin, TLSCert: c.TLSCert, TLSKey: c.TLSKey, ClientCA: c.ClientCA, Tokens: c.Tokens,
		Drain: c.Drain, MaxConnections: c.MaxConnections, Operands: c.Operands,
		TenantOperandBytes: int64(c.TenantOperandBytes),
		Scheduler:          s, Logger: log, Version: versionString(),
	}
}

// logger returns one in the format that is asked for, as talkative as other.
func (c *serveCommand) logger(s streams, other *slog.Logger) *slog.Logger {
	if c.LogFormat != "json" {
		return other
	}
	return slog.New(slog.NewJSONHandler(s.err, &slog.HandlerOptions{Level: levelOf(other)}))
}

// levelOf returns the lowest level that a logger logs.
func levelOf(l *slog.Logger) slog.Level {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn} {
		if l.Enabled(context.Background(), level) {
			return level
		}
	}
	return slog.LevelError
}
