package daemon

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// identity is who sent a request. The zero identity is anybody.
type identity struct {
	known  bool
	tenant string
	admin  bool
}

type identityKey struct{}

func identityOf(ctx context.Context) identity {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id
}

// Guard finds out who callers are and lets nobody else in. A caller shows a
// bearer token or a client certificate that TLS has verified; of the latter the
// common name is the tenant.
type Guard struct {
	Tokens *Tokens // nil: no tokens are accepted
	// Trusts reports whether an authority of a certificate is still one, as TLS
	// asks only when a connection begins. Nil: it is.
	Trusts func(chains [][]*x509.Certificate) bool
	// Anybody is let in without either, as a tenant of their choice and as an
	// admin: on unix sockets, and on loopback where no credentials are known.
	Anybody bool
	// Refused is told of those who are not let in. May be nil.
	Refused func(r *http.Request, err error)

	inside visits
}

// Handler lets a request pass with its sender's identity, or answers 401. The
// context of a request that has passed ends when Recheck finds that it would not
// any more.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := g.enter(w, r)
		if err != nil {
			if g.Refused != nil {
				g.Refused(r, err)
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="metallic-sched"`)
			refuse(w, r, connect.CodeUnauthenticated, http.StatusUnauthorized, err)
			return
		}
		defer g.inside.leave(v)
		next.ServeHTTP(w, r.WithContext(v.ctx))
	})
}

var refusals = connect.NewErrorWriter()

// refuse answers in the words of the caller's protocol.
func refuse(w http.ResponseWriter, r *http.Request, code connect.Code, status int, err error) {
	if refusals.IsSupported(r) {
		_ = refusals.Write(w, r, wire.FailAs(code, err, time.Now())) // the caller may be gone
		return
	}
	http.Error(w, err.Error(), status)
}

func (g *Guard) identify(r *http.Request) (identity, error) {
	if header := r.Header.Get("Authorization"); header != "" && g.Tokens != nil {
		scheme, shown, _ := strings.Cut(header, " ")
		if found, ok := g.Tokens.find(strings.TrimSpace(shown)); ok && strings.EqualFold(scheme, "Bearer") {
			return identity{known: true, tenant: found.tenant, admin: found.admin}, nil
		}
		return identity{}, errUnknownToken
	}
	if cert := verified(r); cert != nil {
		if g.Trusts != nil && !g.Trusts(r.TLS.VerifiedChains) {
			return identity{}, errNotTrusted
		}
		if cert.Subject.CommonName == "" {
			return identity{}, errNameless
		}
		return identity{known: true, tenant: cert.Subject.CommonName}, nil
	}
	if g.Anybody {
		return identity{admin: true}, nil
	}
	return identity{}, errNobody
}

var (
	errUnknownToken = fmt.Errorf("%w: the bearer token is not known here", job.ErrForbidden)
	errNameless     = fmt.Errorf("%w: the client certificate has no common name, which is the tenant", job.ErrForbidden)
	errNotTrusted   = fmt.Errorf("%w: the client certificate has expired, or its authority is not trusted any more", job.ErrForbidden)
	errNobody       = fmt.Errorf("%w: show a bearer token (Authorization: Bearer ...) or a client certificate", job.ErrForbidden)
)

func verified(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return nil
	}
	return r.TLS.VerifiedChains[0][0]
}

// Tenant returns the tenant that the sender of a request acts for, who asked
// for one. It is what the wire API's server wants to know of every job. A
// request that no guard has let in may do nothing.
func Tenant(ctx context.Context, asked string) (string, error) {
	id, ok := ctx.Value(identityKey{}).(identity)
	switch {
	case !ok:
		return "", errNobody
	case !id.known || asked == id.tenant:
		return asked, nil
	case asked != "":
		return "", fmt.Errorf("%w: tenant %q; allowed: %q", job.ErrForbidden, asked, id.tenant)
	}
	return id.tenant, nil
}

// Admins lets admins pass and answers 403 to others.
func Admins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !identityOf(r.Context()).admin {
			refuse(w, r, connect.CodePermissionDenied, http.StatusForbidden, fmt.Errorf("%w: for admins only", job.ErrForbidden))
			return
		}
		next.ServeHTTP(w, r)
	})
}
