package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/decode"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// replay is two lanes on the same devices: the first batches, the second runs every
// job alone. They take turns, so that both meet the same machine.
type replay struct{ lanes [lanes]*decode.Lane }

var laneNames = [lanes]string{"batched", "alone"}

// openReplay opens both lanes. Only the decisions of the first are recorded
// where the environment asked for.
func openReplay(ctx context.Context, cfg scheduler.Config, devices openDevices) (*replay, error) {
	alone := cfg
	alone.NoBatching, alone.Recorder, alone.CloseRecorder, alone.Trace = true, nil, false, false
	r := &replay{}
	for i, cfg := range [lanes]scheduler.Config{cfg, alone} {
		l, err := decode.OpenLane(ctx, cfg, devices...)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.lanes[i] = l
	}
	return r, nil
}

func (r *replay) schedulers() []scheduler.Service {
	var all []scheduler.Service
	for _, l := range r.lanes {
		all = append(all, l.Scheduler())
	}
	return all
}

func (r *replay) start(w *decode.Weights, fit decode.Fit, sequences int, seed uint64) error {
	for i, l := range r.lanes {
		if err := l.Start(w, fit, i, sequences, seed); err != nil {
			return err
		}
	}
	return nil
}

// turn is about how long a lane works before the other has its turn.
const turn = 2500 * time.Millisecond

// alternate gives each lane half of the time, in turns. Being interrupted is
// no error.
func (r *replay) alternate(ctx context.Context, total time.Duration, out io.Writer) error {
	now := &laneTurn{}
	p := startProgress(out, now.line)
	defer p.stop()
	turns := max(1, int(total/(lanes*turn)))
	each := total / time.Duration(lanes*turns)
	for range turns {
		for i, l := range r.lanes {
			if ctx.Err() != nil {
				return nil
			}
			now.begin(laneNames[i], l)
			if err := l.Run(ctx, each); err != nil {
				return err
			}
		}
	}
	return nil
}

// close ends the lanes that were opened.
func (r *replay) close() error {
	var errs []error
	for _, l := range r.lanes {
		if l != nil {
			errs = append(errs, l.Close(context.Background()))
		}
	}
	return errors.Join(errs...)
}
