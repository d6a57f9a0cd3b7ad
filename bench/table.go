package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// table is printed aligned, or as Markdown. The first column is text, the
// others are numbers.
type table struct {
	title  string
	header []string
	rows   [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (s *session) print(t *table) {
	if s.markdown {
		t.markdown(s.out)
	} else {
		t.text(s.out)
	}
}

func (t *table) text(w io.Writer) {
	widths := make([]int, len(t.header))
	for _, row := range append([][]string{t.header}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintln(w, t.title)
	for _, row := range append([][]string{t.header}, t.rows...) {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString(cell + gap)
			} else {
				line.WriteString("  " + gap + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
	fmt.Fprintln(w)
}

func (t *table) markdown(w io.Writer) {
	line := func(cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	fmt.Fprintf(w, "**%s**\n\n", t.title)
	line(t.header)
	fmt.Fprintln(w, "|---"+strings.Repeat("|---:", len(t.header)-1)+"|")
	for _, row := range t.rows {
		line(row)
	}
	fmt.Fprintln(w)
}

// How numbers look.
func milliseconds(d time.Duration) string {
	ms := d.Seconds() * 1e3
	switch {
	case d == 0:
		return "-"
	case ms < 1:
		return fmt.Sprintf("%.3f", ms)
	}
	return fmt.Sprintf("%.2f", ms)
}

func ratio(x float64) string { return fmt.Sprintf("%.2f", x) }

func percent(x float64) string { return fmt.Sprintf("%.0f%%", 100*x) }

func rate(x float64) string { return fmt.Sprintf("%.1f", x/1e9) } // giga
