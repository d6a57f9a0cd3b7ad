package top

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/require"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// script is a Source that plays its statuses, the last of them again and again;
// nil cannot be reached.
type script struct {
	statuses  []*pb.StatusResponse
	decisions error // instead of a stream
}

func (s *script) Address() string { return "unix:///s" }

func (s *script) Status(context.Context) (*pb.StatusResponse, string, error) {
	m := s.statuses[0]
	if len(s.statuses) > 1 {
		s.statuses = s.statuses[1:]
	}
	if m == nil {
		return nil, "", errors.New("not there")
	}
	return m, "v1", nil
}

func (s *script) Decisions(ctx context.Context, take func(*pb.DecisionsResponse)) error {
	if s.decisions != nil {
		return s.decisions
	}
	take(&pb.DecisionsResponse{Decisions: []*pb.Decision{decision("smalln", "N8", 8, time.Millisecond)}})
	<-ctx.Done()
	return ctx.Err()
}

func TestOnce(t *testing.T) {
	w := NewWatch(&script{statuses: []*pb.StatusResponse{status("x", 1, [2]float64{10, 0}), status("x", 2, [2]float64{1244, 0.5})}})
	var out bytes.Buffer
	require.NoError(t, Once(t.Context(), w, time.Nanosecond, &out))
	require.Contains(t, out.String(), "jobs/s 1,234 ")
	require.Contains(t, out.String(), "busy 50%")
	require.Contains(t, out.String(), "matmul smalln/N8")
	require.NotContains(t, out.String(), "\x1b")
	require.NotContains(t, out.String(), "q quits")
	require.LessOrEqual(t, strings.Count(out.String(), "\n"), 24)

	out.Reset()
	require.ErrorContains(t, Once(t.Context(), NewWatch(&script{statuses: []*pb.StatusResponse{nil}}), time.Nanosecond, &out), "not there")
	require.Empty(t, out.String())
	gone, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorIs(t, Once(gone, w, time.Hour, &out), context.Canceled)
}

// A server that goes away is still shown as it was.
func TestLookWithoutServer(t *testing.T) {
	old := status("x", 1, [2]float64{10, 0})
	w := NewWatch(&script{statuses: []*pb.StatusResponse{nil, old, nil, status("y", 1, [2]float64{0, 0})}, decisions: errors.New("forbidden")})
	w.Follow(untilTold(t))
	s := w.Look(t.Context())
	require.Equal(t, "not there", s.Problem)
	require.Contains(t, texts(Frame(&s, 80, 24)), "NOT REACHABLE")
	s = w.Look(t.Context())
	require.Empty(t, s.Problem)
	require.Equal(t, "forbidden", s.Batches.Problem)
	s = w.Look(t.Context())
	require.Equal(t, "not there", s.Problem)
	require.Same(t, old, s.Status)
	require.Equal(t, "v1", s.Version)
	s = w.Look(t.Context())
	require.Empty(t, s.Problem)
	require.Zero(t, s.Rates.Jobs)
}

// untilTold are arguments for Follow that end it after one try.
func untilTold(t *testing.T) (context.Context, func()) { return context.WithCancel(t.Context()) }

func TestProgram(t *testing.T) {
	w := NewWatch(&script{statuses: []*pb.StatusResponse{status("x", 1, [2]float64{10, 0})}})
	p := &program{ctx: t.Context(), watch: w, interval: time.Hour, width: 80, height: 24}
	require.Contains(t, p.text(), "asking unix:///s")
	_, next := p.Update(p.Init()())
	require.NotNil(t, next, "it looks again")
	require.Equal(t, 24, len(strings.Split(p.text(), "\n")))
	require.Contains(t, p.text(), "10 done")
	_, next = p.Update(dueMsg{})
	require.IsType(t, seenMsg{}, next())

	p.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
	require.Equal(t, 30, len(strings.Split(p.text(), "\n")))
	p.Update(tea.WindowSizeMsg{Width: 20, Height: 5})
	require.Contains(t, p.text(), "20x5 is too small")

	_, next = p.Update(tea.KeyPressMsg{Code: 'x', Text: "x"})
	require.Nil(t, next)
	for _, key := range []tea.KeyPressMsg{{Code: 'q', Text: "q"}, {Code: 'c', Mod: tea.ModCtrl}, {Code: tea.KeyEscape}} {
		_, next = p.Update(key)
		require.Equal(t, tea.QuitMsg{}, next())
	}
}

// The whole program, until q is typed.
func TestRunQuits(t *testing.T) {
	w := NewWatch(&script{statuses: []*pb.StatusResponse{status("x", 1, [2]float64{10, 0})}})
	var out bytes.Buffer
	require.NoError(t, Run(t.Context(), w, time.Hour, strings.NewReader("q"), &out))
}
