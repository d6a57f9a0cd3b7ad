package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// decisions are where batches are recorded. That some records are lost is told
// to the log: it is no failure of a daemon that has answered every job.
type decisions struct {
	metrics.Multi
	log *slog.Logger
}

// Flush writes what is queued.
func (d decisions) Flush(ctx context.Context) error { return d.tell(d.Multi.Flush(ctx)) }

// Close writes what is queued and closes what can be closed.
func (d decisions) Close(ctx context.Context) error { return d.tell(d.Multi.Close(ctx)) }

func (d decisions) tell(err error) error {
	if err != nil {
		d.log.Error("decisions were lost", "dropped", d.Dropped(), "error", err)
	}
	return nil
}

// reopenTime is how long a reload waits for a disk that does not answer: signals
// and the watchdog wait with it.
const reopenTime = 2 * time.Second

// reopenDecisions has decisions go on in the file that has their path now.
func (d *daemon) reopenDecisions() error {
	r, ok := d.cfg.Scheduler.Recorder.(interface{ Reopen(context.Context) error })
	if !ok {
		return nil
	}
	late, stop := context.WithTimeout(context.Background(), reopenTime)
	defer stop()
	if err := r.Reopen(late); err != nil {
		return fmt.Errorf("decisions: %w", err)
	}
	return nil
}
