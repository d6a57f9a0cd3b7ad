package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/selftest"
)

// productColumns are those of the tables of products.
var productColumns = append(slices.Clone(selftest.BenchmarkColumns), selftest.Square)

// showProducts has a line for each family of kernels, types and matrix.
func showProducts(w io.Writer, b *selftest.Benchmark, unit string, of func(selftest.Rate) float64) {
	header := []any{"kernels", "types", "A"}
	for _, n := range productColumns {
		header = append(header, fmt.Sprintf("N=%d", n))
	}
	t := newTable(w, "Products: "+unit, 3, header...)
	for _, line := range productLines(b.Rates, of) {
		t.AppendRow(line)
	}
	t.Render()
}

// productLines puts the rates of one family, types and matrix in one line.
func productLines(rates []selftest.Rate, of func(selftest.Rate) float64) (lines []table.Row) {
	at := map[[3]string]int{}
	for _, r := range rates {
		column := slices.Index(productColumns, r.N)
		if column < 0 {
			continue // a softmax
		}
		key := [3]string{r.Family, r.Types, r.Shape}
		i, seen := at[key]
		if !seen {
			i = len(lines)
			at[key] = i
			line := table.Row{r.Family, r.Types, r.Shape}
			for range productColumns {
				line = append(line, "")
			}
			lines = append(lines, line)
		}
		lines[i][3+column] = rateCell(r, of)
	}
	return lines
}

func rateCell(r selftest.Rate, of func(selftest.Rate) float64) string {
	switch {
	case r.Error != "":
		return "FAILED"
	case r.Skipped != "":
		return "slow"
	case r.Time <= 0:
		return "no time"
	}
	return fmt.Sprintf("%.3g", of(r))
}

func showSoftmaxRates(w io.Writer, b *selftest.Benchmark) {
	t := newTable(w, "Softmax, read and write", 3, "kernel", "type", "rows", "GB/s", "time")
	for _, r := range b.Rates {
		if r.N == 0 {
			t.AppendRow(table.Row{r.Kernel, r.Types, r.Shape, rateCell(r, func(r selftest.Rate) float64 { return r.GBs }), shortTime(r.Time)})
		}
	}
	t.Render()
}
