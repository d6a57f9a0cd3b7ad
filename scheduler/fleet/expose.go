package fleet

import (
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// expose publishes what is counted here; the rest its members do.
func (f *Fleet) expose() {
	c := f.common.Counters
	c.Func("decisions_dropped_total", "Decisions and events that no recorder wrote down: it had no room, or its output failed.", f.journal.dropped)
	c.Func("operand_host_bytes", "Copies of operands in the host's memory.", func() float64 {
		f.mu.Lock()
		defer f.mu.Unlock()
		return float64(f.host)
	})
	for _, m := range f.members {
		f.exposeMember(m)
	}
}

func (f *Fleet) exposeMember(m *member) {
	c := f.common.Counters.With("device", m.name)
	show := func(name, help string, value func() float64) {
		c.Func(name, help, func() float64 {
			f.mu.Lock()
			defer f.mu.Unlock()
			return value()
		})
	}
	show("device_up", "1 while a device takes work.", func() float64 {
		if m.s.Up() {
			return 1
		}
		return 0
	})
	show("device_jobs_in_flight", "Jobs that a device has and that have not ended.", func() float64 { return float64(m.s.InFlight()) })
	show("device_queue_seconds", "What is predicted for the jobs of a device, when one was last placed.",
		func() float64 { return m.queue.wait().Seconds() })
	show("operand_copies", "Operands that are on a device.", func() float64 { return float64(len(m.copies)) })
	show("operand_copy_bytes", "Their memory.", func() float64 {
		m.farewell()
		return float64(m.used)
	})
	show("operand_loads_total", "Times that an operand was loaded on a device.", func() float64 { return float64(m.counts.loads) })
	show("operand_loaded_bytes_total", "Bytes of those.", func() float64 { return float64(m.counts.loadedBytes) })
	show("operand_load_failures_total", "Times that there was no room for an operand, or its load failed.", func() float64 { return float64(m.counts.failed) })
	show("operand_evictions_total", "Copies that were given up for others.", func() float64 { return float64(m.counts.evicted) })
	for r := range policy.PlaceReasons {
		show(fmt.Sprintf("placements_total{reason=%q}", policy.PlaceReason(r)), "Jobs that were placed on a device, by why.",
			func() float64 { return float64(m.counts.placed[r]) })
	}
}

// Info describes the devices together, by the sum of what they have. Caps and
// QueueDepth are the first one's.
func (f *Fleet) Info() device.Info {
	sum := f.members[0].s.Info()
	names, kinds := []string{sum.Name}, map[string]int{sum.Name: 1}
	sum.Notes = []string{f.members[0].note(sum)}
	for _, m := range f.members[1:] {
		info := m.s.Info()
		if kinds[info.Name]++; kinds[info.Name] == 1 {
			names = append(names, info.Name)
		}
		if info.Backend != sum.Backend {
			sum.Backend = "several"
		}
		sum.Threads += info.Threads
		sum.Memory += info.Memory
		sum.Bandwidth += info.Bandwidth
		sum.Flops += info.Flops
		sum.HostMemory = sum.HostMemory && info.HostMemory
		sum.Notes = append(sum.Notes, m.note(info))
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%d x %s", kinds[name], name)
	}
	sum.Name = strings.Join(names, ", ")
	return sum
}

func (m *member) note(info device.Info) string { return fmt.Sprintf("%s: %s", m.name, info.Name) }
