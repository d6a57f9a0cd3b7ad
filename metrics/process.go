package metrics

import (
	"runtime"
	"runtime/debug"
	rt "runtime/metrics"
	"time"
)

// Process exposes what Prometheus expects of every process, under the usual
// names: process_* as far as the platform tells, and go_* of the runtime.
func (c *Counters) Process() {
	started := time.Now()
	c.expose("process_start_time_seconds", "Start of the process, in seconds since 1970.",
		func() float64 { return float64(started.UnixMilli()) / 1000 })
	c.expose("process_cpu_seconds_total", "Processor time used, by user and system.", cpuSeconds)
	c.processMemory()
	for _, v := range []struct{ name, help, sample string }{
		{"go_goroutines", "Goroutines that exist.", "/sched/goroutines:goroutines"},
		{"go_gomaxprocs", "Threads that run Go code at once, at most.", "/sched/gomaxprocs:threads"},
		{"go_gc_cycles_total", "Garbage collections.", "/gc/cycles/total:gc-cycles"},
		{"go_gc_heap_goal_bytes", "Heap size at which the next garbage collection ends.", "/gc/heap/goal:bytes"},
		{"go_heap_live_bytes", "Memory in live objects after the last garbage collection.", "/gc/heap/live:bytes"},
		{"go_heap_allocated_bytes_total", "Memory ever allocated for objects.", "/gc/heap/allocs:bytes"},
		{"go_memory_mapped_bytes", "Memory that the runtime has mapped.", "/memory/classes/total:bytes"},
		{"go_gc_cpu_seconds_total", "Processor time estimated to be spent on garbage collection.", "/cpu/classes/gc/total:cpu-seconds"},
	} {
		c.expose(v.name, v.help, func() float64 { return sample(v.sample) })
	}
	info := `go_info{version="` + runtime.Version() + `"}`
	c.expose(info, "The version of Go.", func() float64 { return 1 })
}

// Build exposes metallic_sched_build_info, which is 1.
func (c *Counters) Build(version string) {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	c.List("build_info", "The version that runs.", "version", func() []Value {
		if revision != "" {
			return []Value{{Label: version + " " + revision, Value: 1}}
		}
		return []Value{{Label: version, Value: 1}}
	})
}

func sample(name string) float64 {
	s := []rt.Sample{{Name: name}}
	rt.Read(s)
	switch s[0].Value.Kind() {
	case rt.KindUint64:
		return float64(s[0].Value.Uint64())
	case rt.KindFloat64:
		return s[0].Value.Float64()
	default: // this version of Go does not have it
		return 0
	}
}
