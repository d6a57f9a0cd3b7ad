package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// lastDecision is a recorder of one's own. It copies what it keeps.
type lastDecision struct {
	backend, variant, closed string
	jobs                     int
	rules                    []metrics.Rule
}

func (l *lastDecision) Record(d *metrics.Decision) {
	l.backend, l.variant, l.closed, l.jobs = d.Plan.Backend, d.Plan.Variant, d.CloseReason, d.Jobs
	l.rules = append(l.rules[:0], d.Rules...)
}

// Ask why a job was computed as it was.
func Example_decision() {
	ctx := context.Background()
	var last lastDecision
	s, w := openExample(scheduler.Config{Recorder: &last})
	y := make([]float32, 2)
	if err := s.Do(ctx, &job.Matmul{A: w.View(), B: tensor.Vector([]float32{1, 1}), C: tensor.Vector(y)}); err != nil {
		log.Fatal(err)
	}
	if err := s.Close(ctx); err != nil { // now everything is recorded
		log.Fatal(err)
	}
	fmt.Printf("%s %s, %d job, closed: %s\n", last.backend, last.variant, last.jobs, last.closed)
	for _, r := range last.rules {
		fmt.Printf("%s applied=%v: %s\n", r.Name, r.Applied, r.Reason)
	}
	// Output:
	// smalln N1, 1 job, closed: alone
	// backend applied=false: MATMUL_BACKEND=auto
	// force-smalln applied=false: FORCE_SMALLN is off
	// small-n applied=true: N=1 <= SMALLN_MAX_N=8
}

// Trace a run, and ask what it would have been like without batching.
func ExampleReplay() {
	ctx := context.Background()
	path := filepath.Join(os.TempDir(), fmt.Sprintf("trace-%d.jsonl", os.Getpid()))
	defer os.Remove(path)
	file, err := metrics.OpenJSONL(path, 1<<12)
	if err != nil {
		log.Fatal(err)
	}
	s, w := openExample(scheduler.Config{Recorder: file, CloseRecorder: true, Trace: true})
	jobs := make([]job.Job, 8)
	for i := range jobs {
		jobs[i] = &job.Matmul{A: w.View(), B: tensor.Vector([]float32{1, 1}), C: tensor.Vector(make([]float32, 2))}
	}
	if err := errors.Join(s.DoAll(ctx, jobs), s.Close(ctx)); err != nil {
		log.Fatal(err)
	}
	trace, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer trace.Close()
	runs, err := metrics.ReadTraces(trace) // an error if a single record is missing
	if err != nil {
		log.Fatal(err)
	}
	alone := runs[0].Setup
	alone.MaxJobs = 1
	for _, setup := range []metrics.Setup{runs[0].Setup, alone} {
		r, err := scheduler.Replay(&runs[0], setup)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d batches of %d jobs; differently: %v\n", r.Replayed.Batches, r.Replayed.Jobs, r.Different > 0)
	}
	// Output:
	// 1 batches of 8 jobs; differently: false
	// 8 batches of 8 jobs; differently: true
}

// Run with what the METALLIC_ variables of the environment say.
func ExampleFromEnv() {
	cfg, err := scheduler.FromEnv()
	if err != nil {
		log.Fatal(err) // names each variable that is wrong, and what is allowed
	}
	s, err := scheduler.Open(context.Background(), cfg)
	if err != nil {
		log.Fatal(err) // such as a device that this machine lacks
	}
	fmt.Println(s.Close(context.Background()))
	// Output: <nil>
}
