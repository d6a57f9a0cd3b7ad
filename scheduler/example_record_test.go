package scheduler_test

import (
	"context"
	"fmt"
	"log"

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
