package top

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/remote"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

var rewrite = flag.Bool("rewrite", false, "accept the frame as the golden one")

// busy is a server with much to show.
func busy() *Snapshot {
	var y Tally
	for i, variant := range []string{"N1", "N2", "N4", "N8", "N16"} {
		y.Add(&pb.DecisionsResponse{Decisions: []*pb.Decision{
			decision("smalln", variant, int64(1+i*20), time.Duration(i+1)*37*time.Millisecond),
		}})
	}
	bad := decision("mlx", "-", 4, time.Millisecond)
	bad.Outcome = "failed"
	y.Add(&pb.DecisionsResponse{Decisions: []*pb.Decision{bad}})
	s := &Snapshot{Address: "unix:///run/metallic-sched.sock", Version: "v0.1.0", Batches: y.Cut(time.Second)}
	s.Status = status("x", 93784, [2]float64{1234567, 100}, [2]float64{8, 1})
	s.Status.Device = &pb.Device{Backend: "cpu", Name: "AMD EPYC 9B14", Threads: 2}
	s.Status.Jobs.Failed, s.Status.Jobs.InFlight = 12, 345
	s.Status.Jobs.Rejected = 3
	s.Status.Operands = &pb.OperandCount{Loaded: 3, LoadedBytes: 5 << 28, Named: 290}
	s.Status.Sessions, s.Status.Streams = 4, 3
	s.Status.Tenants[1].Name = ""
	s.Rates = Between(status("x", 93783, [2]float64{1222222, 99.5}), s.Status)
	return s
}

func texts(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(l.Text, " ") + "\n")
	}
	return b.String()
}

func TestFrame80x24(t *testing.T) {
	got := texts(Frame(busy(), 80, 24))
	path := filepath.Join("testdata", "frame80x24.txt")
	if *rewrite {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// Whatever there is to show, a frame has the size of the terminal.
func TestFrameSizes(t *testing.T) {
	crowd := busy()
	for i := range 50 {
		crowd.Rates.Tenants = append(crowd.Rates.Tenants, TenantRate{Name: fmt.Sprintf("tenant %d 織物", i)})
	}
	empty := &Snapshot{Address: "http://" + remote.DefaultAddress, Problem: "job: server not reachable"}
	for _, s := range []*Snapshot{busy(), crowd, empty} {
		for _, size := range [][2]int{{80, 24}, {MinWidth, MinHeight}, {200, 60}, {61, 15}, {1, 1}} {
			lines := Frame(s, size[0], size[1])
			require.Len(t, lines, max(size[1], MinHeight))
			for _, l := range lines {
				require.Equal(t, max(size[0], MinWidth), runewidth.StringWidth(l.Text), "%q", l.Text)
			}
		}
	}
	require.Contains(t, texts(Frame(empty, 80, 24)), "NOT REACHABLE")
	require.Contains(t, texts(Frame(empty, 80, 24)), "job: server not reachable")
}

// Every part is shown at 80x24, however much the others have.
func TestFrameShares(t *testing.T) {
	s := busy()
	for i := range 50 {
		s.Rates.Tenants = append(s.Rates.Tenants, TenantRate{Name: fmt.Sprint("t", i)})
		s.Batches.Kernels = append(s.Batches.Kernels, Kernel{Op: "softmax", Backend: "vec", Variant: fmt.Sprint("w", i)})
	}
	text := texts(Frame(s, 80, 24))
	require.Contains(t, text, "\n(no name)")
	require.Contains(t, text, "\nmatmul smalln/N16")
	require.Contains(t, text, "\n03:04:05 matmul mlx/-")
	require.Equal(t, [3]int{4, 4, 4}, divide(12, 50, 50))
	require.Equal(t, [3]int{7, 1, 4}, divide(12, 50, 1))
	require.Equal(t, [3]int{1, 4, 7}, divide(12, 1, 50))
	require.Equal(t, [3]int{0, 0, 1}, divide(1, 0, 5))
}

func TestFrameStates(t *testing.T) {
	s := busy()
	s.Status.Draining = true
	s.Batches.Missed = 1234
	lines := Frame(s, 100, 24)
	require.Contains(t, lines[0].Text, "DRAINING")
	require.Equal(t, Alarm, lines[0].Style)
	require.Contains(t, lines[23].Text, "1,234 batches came too fast")
	s.Batches.Problem = "forbidden"
	require.Contains(t, Frame(s, 100, 24)[23].Text, "no batches are shown: forbidden")
	// A tenant cannot command the terminal.
	s.Rates.Tenants[0].Name = "\x1b[2Jx\n"
	require.Contains(t, texts(Frame(s, 100, 24)), "\n?[2Jx?")
}

func TestWriting(t *testing.T) {
	for want, got := range map[string]string{
		"0": grouped(0), "999": grouped(999), "-1,000": grouped(-1000), "-100": grouped(-100), "12,345,678": grouped(12345678),
		"0.05": rate(0.05), "10.0": rate(9.996), "42.5": rate(42.5), "100": rate(99.96), "1,235": rate(1234.5),
		"0%": percent(0), "0.4%": percent(0.004), "100%": percent(1),
		"1.23ms": short(1234567), "12.3ms": short(12345678), "17ns": short(17), "2.5s": short(2500e6), "1 job": jobs(1), "2,000 jobs": jobs(2000),
		"1d2h": age(26 * time.Hour), "3h4m": age(3*time.Hour + 4*time.Minute), "1m5s": age(65 * time.Second),
		"12B": size(12), "1.5KiB": size(1536), "2.0MiB": size(2 << 20), "1.2GiB": size(5 << 28),
	} {
		require.Equal(t, want, got)
	}
	require.Equal(t, "16x8", shape(&pb.Decision{Json: []byte(`{"normalised":{"batch":1,"m":16,"n":8,"k":0}}`)}))
	require.Equal(t, "3*16x4x8", shape(&pb.Decision{Json: []byte(`{"normalised":{"batch":3,"m":16,"n":8,"k":4}}`)}))
	require.Equal(t, "5 wide", shape(&pb.Decision{Columns: 5}))
}
