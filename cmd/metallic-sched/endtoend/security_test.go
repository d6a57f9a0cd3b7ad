package endtoend

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

const (
	aliceToken = "alice-0123456789abcdef012345"
	rootToken  = "root-0123456789abcdef0123456"
	laterToken = "later-0123456789abcdef012345"
)

// fortress is a server that strangers can reach.
type fortress struct {
	*process
	authority              *authority
	cert, key, tokens, url string
}

func newFortress(t *testing.T, args ...string) *fortress {
	dir := t.TempDir()
	f := &fortress{authority: newAuthority(t), cert: dir + "/cert.pem", key: dir + "/key.pem", tokens: dir + "/tokens"}
	f.authority.server(f.cert, f.key)
	f.writeTokens(t, aliceToken+" alice\n"+rootToken+" ops admin\n")
	f.process = serve(t, append([]string{
		"-listen", "0.0.0.0:0", "-tls-cert", f.cert, "-tls-key", f.key, "-client-ca", f.authority.file, "-tokens", f.tokens,
	}, args...)...)
	_, port, _ := strings.Cut(strings.TrimPrefix(f.all[0], "[::]"), ":")
	f.url = "https://127.0.0.1:" + port
	return f
}

func (f *fortress) writeTokens(t *testing.T, text string) {
	require.NoError(t, os.WriteFile(f.tokens, []byte(text), 0o600))
}

func bearer(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}}
}

const (
	submitPath = "/metallic.v1.JobService/Submit"
	retunePath = "/metallic.v1.AdminService/Retune"
)

func TestStrangersAreKeptOut(t *testing.T) {
	f := newFortress(t)
	stranger := f.authority.trusting()
	bobs := strings.Replace(question, `{"job":{`, `{"job":{"tenant":"bob",`, 1)
	for _, c := range []struct {
		name, path string
		client     *http.Client
		header     http.Header
		body       string
		status     int
		says       string
	}{
		{"nobody", submitPath, stranger, nil, question, 401, "unauthenticated"},
		{"wrong token", submitPath, stranger, bearer("x" + aliceToken), question, 401, "not known"},
		{"token", submitPath, stranger, bearer(aliceToken), question, 200, answer},
		{"for somebody else", submitPath, stranger, bearer(aliceToken), bobs, 403, "permission_denied"},
		{"certificate", submitPath, f.authority.trusting(f.authority.client("carol")), nil, question, 200, answer},
		{"certificate for somebody else", submitPath, f.authority.trusting(f.authority.client("carol")), nil, bobs, 403, "allowed: \\\"carol\\\""},
		{"no admin", retunePath, stranger, bearer(aliceToken), "{}", 403, "for admins only"},
		{"certificates make no admins", retunePath, f.authority.trusting(f.authority.client("ops")), nil, "{}", 403, "for admins only"},
		{"admin", retunePath, stranger, bearer(rootToken), "{}", 200, "smallnMaxN"},
	} {
		status, text := fetch(t, c.client, f.url+c.path, c.header, c.body)
		require.Equal(t, c.status, status, "%s: %s", c.name, text)
		require.Contains(t, text, c.says, c.name)
	}
	for path, want := range map[string]int{"/": 401, "/metrics": 401, "/decision/1": 401, "/healthz": 200, "/readyz": 200} {
		status, _ := fetch(t, stranger, f.url+path, nil)
		require.Equal(t, want, status, path)
	}
	status, text := fetch(t, stranger, f.url+"/metrics", bearer(aliceToken))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `metallic_sched_tenant_jobs_done_total{tenant="carol"} 1`)
	require.Contains(t, text, `metallic_sched_requests_refused_total{why="unauthenticated"}`)
	require.NotContains(t, f.log(), "alice-01")
	require.NotContains(t, f.log(), "root-01")
}

func TestOnlyTLS(t *testing.T) {
	f := newFortress(t)
	status, _ := fetch(t, http.DefaultClient, strings.Replace(f.url, "https", "http", 1)+"/healthz", nil)
	require.Equal(t, http.StatusBadRequest, status)
	other := newAuthority(t)
	client := f.authority.trusting(other.client("mallory"))
	_, err := client.Get(f.url + "/healthz")
	require.Error(t, err, "a certificate of an authority that is not known")
	old := f.authority.trusting()
	old.Transport.(*http.Transport).TLSClientConfig.MaxVersion = tls.VersionTLS11
	_, err = old.Get(f.url + "/healthz")
	require.Error(t, err, "TLS that is too old")
}

// The Go client goes by tokens, too: in its stream every job is for its tenant.
func TestGoClientWithToken(t *testing.T) {
	f := newFortress(t)
	transport := f.authority.trusting()
	c := dial(t, f.url, rpc.Config{HTTP: transport, Header: bearer(aliceToken)})
	w, err := c.Load(tensor.Matrix(weights(), side, side))
	require.NoError(t, err)
	require.NoError(t, product(t.Context(), c, w.View(), 1, job.Options{}))
	require.NoError(t, product(t.Context(), c, w.View(), 2, job.Options{Tenant: "alice"}))
	require.ErrorIs(t, product(t.Context(), c, w.View(), 3, job.Options{Tenant: "bob"}), job.ErrForbidden)
	_, text := fetch(t, transport, f.url+"/metrics", bearer(aliceToken))
	require.Contains(t, text, `metallic_sched_tenant_jobs_done_total{tenant="alice"} 2`)
	require.NotContains(t, text, "bob")

	_, err = rpc.Dial(t.Context(), f.url, rpc.Config{HTTP: transport})
	require.ErrorIs(t, err, job.ErrForbidden)
}

// SIGHUP reads tokens and certificates again; files that are broken leave the
// old ones in use.
func TestReload(t *testing.T) {
	f := newFortress(t)
	client := f.authority.trusting()
	status := func(token string) int {
		code, _ := fetch(t, client, f.url+submitPath, bearer(token), question)
		return code
	}
	serial := func() string {
		client.CloseIdleConnections()
		r, err := client.Get(f.url + "/healthz")
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		return r.TLS.PeerCertificates[0].SerialNumber.String()
	}
	before := serial()
	f.writeTokens(t, laterToken+" later\n")
	now := f.authority.server(f.cert, f.key)
	require.Equal(t, []int{200, 401}, []int{status(aliceToken), status(laterToken)})
	f.signal(syscall.SIGHUP)
	f.await("reloaded")
	require.Equal(t, []int{401, 200}, []int{status(aliceToken), status(laterToken)})
	require.NotEqual(t, before, serial())
	require.Equal(t, now.SerialNumber.String(), serial())

	f.writeTokens(t, aliceToken+" alice and more words\n")
	require.NoError(t, os.WriteFile(f.cert, []byte("not PEM"), 0o600))
	f.signal(syscall.SIGHUP)
	line := f.await("reload failed, the old files stay in use")
	require.Contains(t, line["error"], "line 1: want TOKEN TENANT [admin]")
	require.Contains(t, line["error"], "failed to find any PEM data")
	require.Equal(t, []int{401, 200}, []int{status(aliceToken), status(laterToken)})
	require.Equal(t, now.SerialNumber.String(), serial())
	require.NotContains(t, f.log(), "0123456789abcdef")
}

// On loopback tokens work as well; once there are some, nobody comes in without.
func TestTokensOnLoopback(t *testing.T) {
	tokens, socket := filepath.Join(t.TempDir(), "tokens"), filepath.Join(t.TempDir(), "s")
	require.NoError(t, os.WriteFile(tokens, []byte(aliceToken+" alice\n"), 0o600))
	p := serve(t, "-listen", "127.0.0.1:0", "-listen", "unix:"+socket, "-tokens", tokens)
	status, _ := fetch(t, http.DefaultClient, p.url+submitPath, nil, question)
	require.Equal(t, 401, status)
	status, _ = fetch(t, http.DefaultClient, p.url+submitPath, bearer(aliceToken), question)
	require.Equal(t, 200, status)
	info, err := os.Stat(socket)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o660), info.Mode().Perm())
	c := dial(t, "unix://"+socket, rpc.Config{}) // its file mode says who may
	require.NoError(t, product(t.Context(), c, tensor.Matrix(weights(), side, side), 1, job.Options{Tenant: "bob"}))
}

// A web page that has a browser talk to 127.0.0.1 gets nowhere.
func TestWebPagesOfOthers(t *testing.T) {
	p := serve(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+submitPath, strings.NewReader(question))
	require.NoError(t, err)
	r.Host = "evil.example"
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, a.Body.Close())
	require.Equal(t, http.StatusMisdirectedRequest, a.StatusCode)
	status, _ := fetch(t, http.DefaultClient, p.url+submitPath, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}, question)
	require.Equal(t, http.StatusForbidden, status)
}

func TestTokenFileThatOthersCanRead(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte(aliceToken+" alice\n"), 0o644)) //nolint:gosec // it is what the test is about
	p := launch(t, "-tokens", tokens)
	require.Equal(t, 1, p.exit())
	require.Contains(t, p.log(), "chmod 600")
}
