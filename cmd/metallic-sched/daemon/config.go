package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler"
)

// Config says how a daemon serves. Only Listen must be set.
type Config struct {
	// Listen are the addresses of the API, the page and the metrics.
	Listen []Address
	// Admin is where admins find the same and the profiler: loopback or a unix
	// socket, where nobody is asked who they are. The zero Address: nowhere.
	Admin Address
	// TLSCert and TLSKey are PEM files. With them TCP addresses speak TLS only.
	TLSCert, TLSKey string
	// ClientCA is a PEM file: clients that show a certificate of one of these
	// authorities are let in.
	ClientCA string
	// Tokens is a file of bearer tokens: see OpenTokens.
	Tokens string
	// Drain is how long accepted jobs may take to end when the daemon is told to
	// stop.
	Drain time.Duration
	// MaxConnections bounds the connections; more are closed at once. Default
	// 16384, and always as many as the limit of open files allows. At Admin there
	// may be 32 more.
	MaxConnections int
	// Operands are .safetensors files whose tensors jobs may name.
	Operands []string
	// TenantOperandBytes bounds what one tenant holds of operands and of uploads
	// that are not complete. Default: no bound where only this machine's processes
	// can reach the daemon; otherwise 4 GiB, which is the largest operand, and half
	// of all uploads: one tenant alone does not keep others from uploading.
	TenantOperandBytes int64
	// Scheduler is what runs the jobs.
	Scheduler scheduler.Config
	// Logger takes what an operator should know.
	Logger *slog.Logger
	// Version is what the page and the metrics say.
	Version string
}

func (c *Config) withDefaults() Config {
	out := *c
	out.MaxConnections = cmp.Or(c.MaxConnections, 16384)
	if out.TenantOperandBytes == 0 && slices.ContainsFunc(c.Listen, func(a Address) bool { return !a.Local() }) {
		out.TenantOperandBytes = remoteOperandBytes
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	return out
}

const remoteOperandBytes = 4 << 30

// credentials reports whether callers can show who they are.
func (c *Config) credentials() bool { return c.Tokens != "" || c.ClientCA != "" }

// Check returns an error that says what to add when the daemon would be open to
// strangers, or what contradicts itself. It looks at no file.
func (c *Config) Check() error {
	switch {
	case len(c.Listen) == 0:
		return errors.New("daemon: no address to listen on")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("daemon: -tls-cert and -tls-key go together")
	case c.ClientCA != "" && c.TLSCert == "":
		return errors.New("daemon: -client-ca without -tls-cert and -tls-key: certificates are shown in TLS only")
	case c.Admin != Address{} && !c.Admin.Local():
		return fmt.Errorf("daemon: -admin %v can be reached from elsewhere; allowed: a loopback address or unix:PATH", c.Admin)
	}
	if err := c.checkTwice(); err != nil {
		return err
	}
	for _, a := range c.Listen {
		if missing := c.missing(); !a.Local() && missing != "" {
			return fmt.Errorf("daemon: -listen %v can be reached from elsewhere: add %s, or listen on a loopback address or unix:PATH", a, missing)
		}
	}
	return nil
}

// TwiceError is an address that is given twice.
type TwiceError struct {
	Address Address
	// Flags are where.
	Flags [2]string
}

func (e *TwiceError) Error() string {
	return fmt.Sprintf("daemon: %s %v is that of %s, too; allowed: an address of its own, or a port of 0", e.Flags[1], e.Address, e.Flags[0])
}

// checkTwice looks for an address that is given twice.
func (c *Config) checkTwice() error {
	for i, a := range c.Listen {
		if slices.ContainsFunc(c.Listen[:i], a.same) {
			return &TwiceError{a, [2]string{"-listen", "-listen"}}
		}
	}
	if slices.ContainsFunc(c.Listen, c.Admin.same) {
		return &TwiceError{c.Admin, [2]string{"-listen", "-admin"}}
	}
	return nil
}

// missing says what an address that others can reach still needs.
func (c *Config) missing() string {
	var parts []string
	if c.TLSCert == "" {
		parts = append(parts, "-tls-cert and -tls-key")
	}
	if !c.credentials() {
		parts = append(parts, "-tokens or -client-ca")
	}
	return strings.Join(parts, " and ")
}

// open reports whether anybody may use an address without showing who they are:
// on a unix socket, which its file mode guards, and on loopback as long as the
// daemon knows nobody.
func (c *Config) open(a Address) bool {
	return a.unix() || a.Local() && !c.credentials()
}
