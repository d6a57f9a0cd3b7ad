package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// devicesCommand lists what this machine has.
type devicesCommand struct{}

// Run implements the command.
func (devicesCommand) Run(s streams) error {
	cfg, err := settings("")
	if err != nil {
		return err
	}
	t := newTable(s.out, "Devices, in the order of preference", 6, "device", "name", "threads", "memory", "capabilities", "notes")
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 2, WidthMax: 28},
		{Number: 3, Align: text.AlignRight},
		{Number: 4, Align: text.AlignRight},
		{Number: 5, WidthMax: 36, WidthMaxEnforcer: text.WrapSoft},
	})
	for _, e := range discover.List(cfg.Libraries()) {
		if !e.Available {
			t.AppendRow(table.Row{e.Device, "not available", "", "", "", text.WrapSoft(e.Err.Error(), notesWidth)})
			continue
		}
		t.AppendRow(table.Row{
			e.Device, e.Name, e.Threads, byteSize(e.Memory), strings.ReplaceAll(describeCaps(e.Caps), ",", ", "), strings.Join(deviceNotes(e), "\n"),
		})
	}
	t.Render()
	_, err = fmt.Fprintf(s.out, "METALLIC_DEVICE is %s\n", cfg.DeviceName)
	return err
}

// notesWidth is where notes go on in the next line.
const notesWidth = 60

// deviceNotes returns a device's notes, each in lines of its own.
func deviceNotes(e discover.Entry) []string {
	var notes []string
	for _, note := range e.Notes {
		notes = append(notes, text.WrapSoft(note, notesWidth))
	}
	if !e.Caps.Vendor && e.Caps.VendorHelp != "" {
		notes = append(notes, text.WrapSoft("no vendor library: "+e.Caps.VendorHelp, notesWidth))
	}
	return notes
}

// describeCaps writes capabilities as --caps reads them.
func describeCaps(c kernels.Caps) string {
	var parts []string
	if c.SIMDMatrix {
		parts = append(parts, "simd")
	}
	if c.Vendor {
		parts = append(parts, "vendor")
	}
	if c.SIMDReduction {
		parts = append(parts, "reduction")
	}
	return strings.Join(append(parts,
		fmt.Sprintf("simdgroup=%d", c.SIMDWidth), fmt.Sprintf("max-threadgroup=%d", c.MaxThreadgroup)), ",")
}
