package endtoend

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// browser is a headless Chromium with one tab.
type browser struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string // on the console
}

// openBrowser starts Chromium. Without one the test is skipped, or fails with
// REQUIRE_CHROMIUM=1.
func openBrowser(t *testing.T) *browser {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		const why = "there is no Chromium to show the page in: apt-get install chromium"
		if os.Getenv("REQUIRE_CHROMIUM") == "1" {
			require.FailNow(t, why)
		}
		t.Skip("NOT TESTED: " + why)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 3*patience)
	t.Cleanup(stop)
	b := &browser{ctx: ctx}
	messages := chromedp.Console(ctx)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("about:blank")), "Chromium starts")
	go func() { // ends with the context
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" || m.Type == "warning" {
				b.complain(m.String())
			}
		}
	}()
	return b
}

func (b *browser) complain(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, text)
}

func (b *browser) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	require.NoError(t, chromedp.Do(b.ctx, actions...))
}

// ask returns what an action does.
func ask[T any](t *testing.T, b *browser, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, action)
	require.NoError(t, err)
	return value
}

// text returns what an element says.
func (b *browser) text(t *testing.T, id string) string {
	t.Helper()
	return ask(t, b, chromedp.Evaluate[string](fmt.Sprintf("document.getElementById(%q).textContent", id)))
}

// number returns what JavaScript computes.
func (b *browser) number(t *testing.T, script string) float64 {
	t.Helper()
	return ask(t, b, chromedp.Evaluate[float64](script))
}

// look opens the page on a screen of some size and theme and waits until all of
// it is there.
func (b *browser) look(t *testing.T, url string, width int64, theme string) {
	t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
	})
	require.NoError(t, err)
	b.do(t, chromedp.EmulateViewport(width, 900), chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#recent tbody tr")))
	require.Eventually(t, func() bool {
		return b.number(t, `[...document.querySelectorAll("[data-chart]")].filter(i => i.complete && i.naturalWidth > 0).length`) == 4
	}, patience, 50*time.Millisecond, "the four charts are drawn")
}

// shoot takes a picture of the whole page.
func (b *browser) shoot(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, ask(t, b, chromedp.FullScreenshot(100)), 0o600))
	t.Log("screenshot: " + path)
}

// screenshots is where pictures of the page are left.
func screenshots(t *testing.T) string {
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		require.NoError(t, os.MkdirAll(dir, 0o700))
		return dir
	}
	dir, err := os.MkdirTemp("", "metallic-sched-page")
	require.NoError(t, err)
	return dir
}

// The page under load: numbers in the tiles, decisions that open, no sideways
// scrolling on a phone, nothing on the console.
func TestPage(t *testing.T) {
	b := openBrowser(t)
	p := serve(t, "-operands", weightsFile(t))
	c := p.dial(rpc.Config{})
	w, err := c.Load(tensor.Matrix(weights(), side, side))
	require.NoError(t, err)
	for _, tenant := range []string{"alice", "bob", "a tenant whose name is as long as names of tenants get"} {
		l := startLoad(c, w.View(), 4, job.Options{Tenant: tenant})
		defer l.end()
		l.reach(t, 100)
	}
	dir := screenshots(t)
	for _, width := range []int64{390, 1280} {
		for _, theme := range []string{"light", "dark"} {
			b.look(t, p.url+"/", width, theme)
			if width == 390 && theme == "light" {
				b.checkTiles(t)
			}
			require.LessOrEqual(t, b.number(t, `document.documentElement.scrollWidth`), float64(width), "no sideways scrolling at %d px", width)
			b.shoot(t, filepath.Join(dir, fmt.Sprintf("page-%d-%s.png", width, theme)))
			b.checkDetail(t, filepath.Join(dir, fmt.Sprintf("detail-%d-%s.png", width, theme)))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(t, b.complaints)
}

// checkTiles waits for numbers that a load makes.
func (b *browser) checkTiles(t *testing.T) {
	t.Helper()
	digits := regexp.MustCompile(`[1-9]`)
	for _, id := range []string{"jobs", "batches", "mean", "busy", "p50", "p90", "p99", "max"} {
		require.Eventually(t, func() bool { return digits.MatchString(b.text(t, id)) }, patience, 100*time.Millisecond, "%s: %q", id, b.text(t, id))
	}
	require.Equal(t, "cpu", b.text(t, "device"))
	require.Contains(t, b.text(t, "state"), "serving")
	require.Contains(t, b.text(t, "queue"), "alice")
	require.Contains(t, b.text(t, "variants"), "smalln")
}

// checkDetail opens a decision.
func (b *browser) checkDetail(t *testing.T, picture string) {
	t.Helper()
	b.do(t, chromedp.Click(chromedp.CSS("#hold"))) // rows stay
	seq := ask(t, b, chromedp.Evaluate[string](`document.querySelector("#recent tbody tr").dataset.seq`))
	b.do(t, chromedp.Click(chromedp.CSS("#recent tbody td")), chromedp.WaitVisible(chromedp.CSS("#detail[open] pre")))
	require.Contains(t, b.text(t, "detail"), `"seq": `+seq)
	require.Contains(t, b.text(t, "detail"), `"rules"`)
	require.NoError(t, os.WriteFile(picture, ask(t, b, chromedp.CaptureScreenshot()), 0o600))
	b.do(t, chromedp.Click(chromedp.CSS("#detail button")))
	require.Zero(t, b.number(t, `document.querySelectorAll("#detail[open]").length`), "it closes")
}
