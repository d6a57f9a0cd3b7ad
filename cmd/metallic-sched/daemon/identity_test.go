package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// ask sends a request through a guard and returns the status and, if it was let
// in, its identity.
func ask(t *testing.T, g *Guard, prepare func(r *http.Request)) (status int, id identity) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	prepare(r)
	w := httptest.NewRecorder()
	g.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { id = identityOf(r.Context()) })).ServeHTTP(w, r)
	return w.Code, id
}

func bearing(token string) func(r *http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func certified(name string) func(r *http.Request) {
	return func(r *http.Request) {
		cert := &x509.Certificate{Subject: pkix.Name{CommonName: name}}
		r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{cert}}}
	}
}

func TestGuard(t *testing.T) {
	tokens, err := OpenTokens(tokenFile(t, aliceToken+" alice\n"+rootToken+" ops admin\n"))
	require.NoError(t, err)
	strict, open := &Guard{Tokens: tokens}, &Guard{Anybody: true}
	nothing := func(*http.Request) {}

	for _, c := range []struct {
		name    string
		guard   *Guard
		request func(*http.Request)
		status  int
		id      identity
	}{
		{"token", strict, bearing(aliceToken), 200, identity{known: true, tenant: "alice"}},
		{"admin's token", strict, bearing(rootToken), 200, identity{known: true, tenant: "ops", admin: true}},
		{"wrong token", strict, bearing("x" + aliceToken), 401, identity{}},
		{"no token", strict, nothing, 401, identity{}},
		{"other scheme", strict, func(r *http.Request) { r.SetBasicAuth("alice", aliceToken) }, 401, identity{}},
		{"certificate", strict, certified("carol"), 200, identity{known: true, tenant: "carol"}},
		{"certificate without a name", strict, certified(""), 401, identity{}},
		{"certificate that was not verified", strict, func(r *http.Request) { r.TLS = &tls.ConnectionState{} }, 401, identity{}},
		{"anybody", open, nothing, 200, identity{admin: true}},
		{"wrong token where anybody may come", &Guard{Tokens: tokens, Anybody: true}, bearing("wrong"), 401, identity{}},
	} {
		status, id := ask(t, c.guard, c.request)
		require.Equal(t, c.status, status, c.name)
		require.Equal(t, c.id, id, c.name)
	}
}

func TestTenant(t *testing.T) {
	tokens, err := OpenTokens(tokenFile(t, aliceToken+" alice\n"))
	require.NoError(t, err)
	var request *http.Request
	handler := (&Guard{Tokens: tokens}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { request = r }))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	bearing(aliceToken)(r)
	handler.ServeHTTP(httptest.NewRecorder(), r)
	for asked, want := range map[string]string{"": "alice", "alice": "alice"} {
		tenant, err := Tenant(request.Context(), asked)
		require.NoError(t, err)
		require.Equal(t, want, tenant)
	}
	_, err = Tenant(request.Context(), "bob")
	require.ErrorIs(t, err, job.ErrForbidden)
	_, err = Tenant(t.Context(), "bob")
	require.ErrorIs(t, err, job.ErrForbidden, "no guard has seen the request")
	tenant, err := Tenant(context.WithValue(t.Context(), identityKey{}, identity{}), "bob")
	require.NoError(t, err, "anybody may come, as whom they want")
	require.Equal(t, "bob", tenant)
}

func TestAdmins(t *testing.T) {
	tokens, err := OpenTokens(tokenFile(t, aliceToken+" alice\n"+rootToken+" ops admin\n"))
	require.NoError(t, err)
	handler := (&Guard{Tokens: tokens}).Handler(Admins(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	for token, want := range map[string]int{aliceToken: 403, rootToken: 200} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		bearing(token)(r)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, want, w.Code)
	}
}

// Requests that go on end when their senders are no longer welcome, or are
// somebody else; the others do not.
func TestRecheck(t *testing.T) {
	file := tokenFile(t, aliceToken+" alice\n"+rootToken+" ops admin\n")
	tokens, err := OpenTokens(file)
	require.NoError(t, err)
	trusted := true
	g := &Guard{Tokens: tokens, Trusts: func([][]*x509.Certificate) bool { return trusted }}
	entered, causes := make(chan struct{}), map[string]chan error{}
	leave, stop := context.WithCancel(t.Context())
	for name, prepare := range map[string]func(r *http.Request){"alice": bearing(aliceToken), "ops": bearing(rootToken), "carol": certified("carol")} {
		cause := make(chan error, 1)
		causes[name] = cause
		h := g.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			select {
			case <-r.Context().Done():
				cause <- context.Cause(r.Context())
			case <-leave.Done():
				cause <- nil
			}
		}))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		prepare(r)
		go h.ServeHTTP(httptest.NewRecorder(), r)
		<-entered
	}
	require.Zero(t, g.Recheck())
	require.NoError(t, os.WriteFile(file, []byte("x"+aliceToken+" alice\n"+rootToken+" ops\n"), 0o600))
	require.NoError(t, tokens.Reload())
	require.Equal(t, 2, g.Recheck(), "one token is gone, one makes no admin any more")
	require.ErrorIs(t, <-causes["alice"], errUnknownToken)
	require.ErrorContains(t, <-causes["ops"], "another identity")
	trusted = false
	require.Equal(t, 1, g.Recheck())
	require.ErrorIs(t, <-causes["carol"], errNotTrusted)
	stop()
	require.Eventually(t, func() bool { return len(g.inside.list()) == 0 }, 10*time.Second, time.Millisecond)
}

// Who is refused is told so in the details of their protocol, too.
func TestRefusalsHaveDetails(t *testing.T) {
	guard := (&Guard{}).Handler(http.NotFoundHandler())
	for name, c := range map[string]struct {
		h      http.Handler
		length int64
		reason pb.Reason
	}{
		"nobody":    {guard, 2, pb.Reason_REASON_FORBIDDEN},
		"too large": {patient(http.NotFoundHandler()), 1 << 30, pb.Reason_REASON_TOO_LARGE},
		"no admin":  {Admins(http.NotFoundHandler()), 2, pb.Reason_REASON_FORBIDDEN},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/metallic.v1.JobService/Submit", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = c.length
		c.h.ServeHTTP(w, r)
		require.Contains(t, w.Body.String(), `"type":"metallic.v1.Error"`, name)
		require.Contains(t, w.Body.String(), c.reason.String(), name)
	}
}
