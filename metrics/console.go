package metrics

import "io"

// Console writes each Decision as one readable line, from its own goroutine.
// Its methods may be called from any goroutine. It takes no Events.
type Console struct{ stream }

// NewConsole returns a recorder that writes to w, which it does not close.
// capacity is how many records may wait for w; those beyond are dropped and
// counted.
func NewConsole(w io.Writer, capacity int) *Console {
	c := &Console{}
	c.init(keepOpen{w}, capacity)
	c.encode = func(e *entry) error {
		_, err := c.page.lines.WriteString(e.decision.String() + "\n")
		return err
	}
	go c.run()
	return c
}

type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }
