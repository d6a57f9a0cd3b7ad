package top

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// styles are the SGR codes of how lines look; terminals without colours show
// them plain.
var styles = map[Style]string{Title: "1", Heading: "7", Alarm: "1;31", Faint: "2"}

// program is the terminal program.
type program struct {
	ctx           context.Context
	watch         *Watch
	interval      time.Duration
	shown         *Snapshot // nil before the first
	width, height int
}

type (
	dueMsg  struct{}            // it is time to look again
	seenMsg struct{ *Snapshot } // what was seen
)

// Run shows the watch on a terminal, afresh every interval, until the user
// types q or ctx ends.
func Run(ctx context.Context, w *Watch, interval time.Duration, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go w.Follow(ctx, nil)
	p := &program{ctx: ctx, watch: w, interval: interval, width: 80, height: 24}
	_, err := tea.NewProgram(p, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out)).Run()
	if ctx.Err() != nil { // a signal ends it as well as q
		return nil
	}
	return err
}

// Init implements tea.Model.
func (p *program) Init() tea.Cmd { return p.look }

func (p *program) look() tea.Msg {
	s := p.watch.Look(p.ctx)
	return seenMsg{&s}
}

// Update implements tea.Model.
func (p *program) Update(m tea.Msg) (tea.Model, tea.Cmd) {
	switch m := m.(type) {
	case tea.KeyPressMsg:
		switch m.String() {
		case "q", "Q", "esc", "ctrl+c":
			return p, tea.Quit
		}
	case tea.WindowSizeMsg:
		p.width, p.height = m.Width, m.Height
	case dueMsg:
		return p, p.look
	case seenMsg:
		p.shown = m.Snapshot
		return p, tea.Tick(p.interval, func(time.Time) tea.Msg { return dueMsg{} })
	}
	return p, nil
}

// View implements tea.Model.
func (p *program) View() tea.View {
	v := tea.NewView(p.text())
	v.AltScreen = true
	return v
}

func (p *program) text() string {
	switch {
	case p.shown == nil:
		return "asking " + p.watch.source.Address()
	case p.width < MinWidth || p.height < MinHeight:
		return fmt.Sprintf("%dx%d is too small, %dx%d are needed; q quits", p.width, p.height, MinWidth, MinHeight)
	}
	var b strings.Builder
	for i, line := range Frame(p.shown, p.width, p.height) {
		if i > 0 {
			b.WriteByte('\n')
		}
		if code := styles[line.Style]; code != "" {
			fmt.Fprintf(&b, "\x1b[%sm%s\x1b[m", code, line.Text)
			continue
		}
		b.WriteString(line.Text)
	}
	return b.String()
}
