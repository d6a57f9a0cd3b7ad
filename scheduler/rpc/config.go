package rpc

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Config says how a Client behaves. The zero Config is ready for use.
type Config struct {
	// Tenant is who jobs are for that name no tenant themselves.
	Tenant string
	// RetryFor is how long jobs and loads go on by themselves when the server
	// cannot be reached, is restarted or drains. Then they end with
	// job.ErrDisconnected or job.ErrDraining. A job never runs twice for it.
	// Default 5 s; negative: they end at once.
	RetryFor time.Duration
	// Limits bound what the client has in flight; the server has limits of its
	// own. Default: 1,000,000 jobs and 4 GiB in all, no limit by tenant.
	Limits job.Limits
	// HTTP makes the calls to an http:// or https:// server, for TLS or proxies
	// of one's own. It must speak HTTP/2 (see http.Protocols). Default: one that
	// does.
	HTTP *http.Client
	// Header goes with every call, such as an Authorization.
	Header http.Header
	// Session names this client over all of its connections: 16 to 64 random
	// characters that nobody else knows. Default: made up.
	Session string
	// ChunkBytes is how much of an operand goes into one message. Default 1 MiB.
	ChunkBytes int
}

func (c Config) withDefaults() Config {
	c.RetryFor = cmp.Or(c.RetryFor, 5*time.Second)
	c.Limits.Jobs = cmp.Or(c.Limits.Jobs, 1_000_000)
	c.Limits.Bytes = cmp.Or(c.Limits.Bytes, 4<<30)
	c.Session = cmp.Or(c.Session, rand.Text())
	c.ChunkBytes = cmp.Or(c.ChunkBytes, 1<<20)
	return c
}
