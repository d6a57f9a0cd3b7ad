package endtoend

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// process is a running server.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	url    string   // of the first address
	all    []string // addresses, as logged
	logged chan struct{}
	ended  chan struct{}

	mu    sync.Mutex
	lines []map[string]any
	text  strings.Builder
}

// serve starts a server on the cpu device, on a port of its own unless args say
// -listen, and returns when it serves.
func serve(t testing.TB, args ...string) *process {
	t.Helper()
	p := launch(t, args...)
	p.await("serving")
	for _, line := range p.find("listening") {
		p.all = append(p.all, line["address"].(string))
	}
	p.url = "http://" + p.all[0]
	return p
}

// launch starts a server and does not wait.
func launch(t testing.TB, args ...string) *process {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "-listen") {
		args = append([]string{"-listen", "127.0.0.1:0"}, args...)
	}
	p := &process{t: t, logged: make(chan struct{}, 1), ended: make(chan struct{})}
	p.cmd = exec.Command(program, append([]string{"serve", "-device", "cpu", "-log-format", "json"}, args...)...)
	p.cmd.Env = append(os.Environ(), "METALLIC_BLAS=none")
	out, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go p.read(out)
	t.Cleanup(p.kill)
	return p
}

func (p *process) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var fields map[string]any
		_ = json.Unmarshal(lines.Bytes(), &fields) // nil if it is no JSON
		p.mu.Lock()
		p.lines = append(p.lines, fields)
		p.text.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
		select {
		case p.logged <- struct{}{}:
		default:
		}
	}
	_ = p.cmd.Wait() // its exit code is in ProcessState
	close(p.ended)
}

// find returns the log lines with a message.
func (p *process) find(message string) (found []map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		if l["msg"] == message {
			found = append(found, l)
		}
	}
	return found
}

// log returns everything logged.
func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// await waits for the n-th line with a message, the first unless n is given.
func (p *process) await(message string, n ...int) map[string]any {
	p.t.Helper()
	want := 1
	if len(n) > 0 {
		want = n[0]
	}
	late := time.After(patience)
	for {
		if found := p.find(message); len(found) >= want {
			return found[want-1]
		}
		select {
		case <-p.logged:
		case <-p.ended:
			if found := p.find(message); len(found) >= want {
				return found[want-1]
			}
			require.FailNow(p.t, "the server ended", "waiting for %q:\n%s", message, p.log())
		case <-late:
			require.FailNow(p.t, "too late", "waiting for %q:\n%s", message, p.log())
		}
	}
}

func (p *process) signal(s syscall.Signal) { require.NoError(p.t, p.cmd.Process.Signal(s)) }

// exit waits for the end and returns the exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		require.FailNow(p.t, "it does not end", p.log())
		return 0
	}
}

// kill ends it as a crash would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// get returns the status and the body of a page.
func (p *process) get(path string) (int, string) {
	p.t.Helper()
	return fetch(p.t, http.DefaultClient, p.url+path, nil)
}

// fetch gets, or posts JSON to, a URL.
func fetch(t testing.TB, client *http.Client, url string, header http.Header, post ...string) (int, string) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	method, body := http.MethodGet, io.Reader(nil)
	if len(post) > 0 {
		method, body = http.MethodPost, strings.NewReader(post[0])
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	require.NoError(t, err)
	if len(post) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

// dial returns a client of the server.
func (p *process) dial(cfg rpc.Config) *rpc.Client {
	p.t.Helper()
	return dial(p.t, p.url, cfg)
}

func dial(t testing.TB, target string, cfg rpc.Config) *rpc.Client {
	t.Helper()
	c, err := rpc.Dial(t.Context(), target, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		_ = c.Close(ctx) // the server may be gone
	})
	return c
}
