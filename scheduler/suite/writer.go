package suite

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
)

// Writer writes results in the Go benchmark format, which benchstat reads. What
// the format has no place for, such as which kernel was chosen and why, is in
// lines that begin with #, which readers of the format pass over.
type Writer struct {
	out    io.Writer
	last   string // what was said of the last case
	suffix string // of names: the processors that Go uses
}

// NewWriter writes the configuration, such as device and version, and the
// units, and returns what writes results. Keys get lower case, as the format
// wants.
func NewWriter(out io.Writer, config []Part) (*Writer, error) {
	w := &Writer{out: out}
	if n := runtime.GOMAXPROCS(0); n > 1 {
		w.suffix = fmt.Sprintf("-%d", n)
	}
	for _, c := range config {
		if _, err := fmt.Fprintf(out, "%s: %s\n", strings.ToLower(c.Key), oneLine(c.Value)); err != nil {
			return nil, err
		}
	}
	_, err := fmt.Fprint(out, "Unit GFLOP/s better=higher\nUnit GB/s better=higher\n\n")
	return w, err
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Comment writes a line that readers of the format pass over.
func (w *Writer) Comment(format string, args ...any) error {
	_, err := fmt.Fprintf(w.out, "# %s\n", oneLine(fmt.Sprintf(format, args...)))
	return err
}

// Write writes a result, and what there is to say of it unless it was said of
// the one before.
func (w *Writer) Write(r *Result) error {
	switch {
	case r.Wrong != nil:
		return w.Comment("%s: %v", r.Case.Name(), r.Wrong)
	case !r.Measured():
		return w.Comment("%s skipped: %s", r.Case.Name(), r.Skip)
	}
	if said := r.Ran() + ": " + r.Why(); said != w.last {
		if err := w.Comment("%s", said); err != nil {
			return err
		}
		w.last = said
	}
	line := fmt.Sprintf("%s%s\t%d", r.Case.Name(), w.suffix, r.Ops)
	for _, m := range r.Metrics() {
		line += fmt.Sprintf("\t%s %s", digits(m.Value), m.Unit)
	}
	_, err := fmt.Fprintln(w.out, line)
	return err
}

// digits writes a number with five significant digits and no exponent.
func digits(x float64) string {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 5, 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64)
}
