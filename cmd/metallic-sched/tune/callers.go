package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// trial is a whole scheduler with one value of a setting, under callers who
// each wait for their answer.
type trial struct {
	variable, value string
	set             func(*scheduler.Config)

	scheduler *scheduler.Scheduler
	weight    *scheduler.Operand
	rates     [len(crowds)][]float64 // jobs a second in each round
}

// crowds are how many callers there are: one alone, for whom every wait is lost,
// and more who can share.
var crowds = [...]int{1, 8, 64}

// lingers are what may be worth waiting for companions.
var lingers = []time.Duration{20 * time.Microsecond, 100 * time.Microsecond, 500 * time.Microsecond}

const (
	crowdSide  = 896
	trialSlice = 40 * time.Millisecond
	closeTime  = 10 * time.Second
)

// callers finds queue depth and linger: what lets callers have the most answers.
// In a closed loop that is also the least latency.
func (t *Tuner) callers(ctx context.Context) (err error) {
	t.cfg.Tell("callers")
	trials := t.trials()
	defer func() {
		for _, tr := range trials {
			err = errors.Join(err, closeSoon(ctx, tr.scheduler))
		}
	}()
	for _, tr := range trials {
		if err := tr.open(ctx, t); err != nil {
			return err
		}
	}
	start, limit := time.Now(), time.Duration(callersShare*float64(t.cfg.For))
	for round := 0; round < mostRounds && (round < leastRounds || time.Since(start) < limit); round++ {
		t.cfg.Tell(fmt.Sprintf("callers: %d configurations, round %d", len(trials), round+1))
		for _, i := range t.dice.Perm(len(trials) * len(crowds)) {
			if err := trials[i/len(crowds)].slice(ctx, i%len(crowds)); err != nil {
				return err
			}
		}
	}
	t.chooseDepth(trials)
	t.chooseLinger(trials)
	t.best(trials, timesTrial) // for people alone
	return nil
}

// trials has the defaults first, then every other depth and linger, and in the
// end the defaults without the times found so far.
func (t *Tuner) trials() []*trial {
	list := []*trial{{variable: "", value: "defaults", set: func(*scheduler.Config) {}}}
	for depth := 1; depth < t.rig.info.QueueDepth; depth++ {
		list = append(list, &trial{variable: profile.VarQueueDepth, value: strconv.Itoa(depth), set: func(c *scheduler.Config) { c.QueueDepth = depth }})
	}
	for _, l := range lingers {
		list = append(list, &trial{variable: profile.VarLinger, value: l.String(), set: func(c *scheduler.Config) { c.Linger = l }})
	}
	return append(list, &trial{variable: timesTrial, value: "not known from the start", set: func(c *scheduler.Config) { c.Tuning = nil }})
}

// timesTrial is the name of a trial without the profile's times, which shows
// what these do.
const timesTrial = "t(N)"

// open starts the trial's scheduler, with the thresholds and times found so far.
func (tr *trial) open(ctx context.Context, t *Tuner) error {
	cfg := t.found.config(t)
	tr.set(&cfg)
	var err error
	if tr.scheduler, err = scheduler.Open(ctx, cfg); err != nil {
		return fmt.Errorf("tune: %s=%s: %w", tr.variable, tr.value, err)
	}
	tr.weight, err = tr.scheduler.Load(t.rig.numbers.View(tensor.F16, tensor.Dims{1, crowdSide, crowdSide}))
	return err
}

// closeSoon closes a scheduler; nil is none.
func closeSoon(ctx context.Context, s *scheduler.Scheduler) error {
	if s == nil {
		return nil
	}
	limited, stop := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer stop()
	return s.Close(limited)
}

// slice lets one crowd work for a moment.
func (tr *trial) slice(ctx context.Context, crowd int) error {
	var all sync.WaitGroup
	var done atomic.Int64
	failed := make(chan error, crowds[crowd])
	start := time.Now()
	for range crowds[crowd] {
		all.Go(func() {
			n, err := tr.caller(ctx, start.Add(trialSlice))
			done.Add(n)
			if err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	tr.rates[crowd] = append(tr.rates[crowd], float64(max(done.Load(), 1))/time.Since(start).Seconds())
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// caller multiplies with the weight until a time, one product after the other.
func (tr *trial) caller(ctx context.Context, until time.Time) (done int64, err error) {
	x, y := make([]tensor.Float16, crowdSide), make([]tensor.Float16, crowdSide)
	m := &job.Matmul{A: tr.weight.View(), B: tensor.Vector(x), C: tensor.Vector(y)}
	for time.Now().Before(until) {
		if err := tr.scheduler.Do(ctx, m); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// gain returns how many times as much as by the defaults each crowd got, and
// all of them, the last.
func (tr *trial) gain(usual *trial) (gains [len(crowds) + 1]profile.Gain) {
	var all []sample
	for c := range crowds {
		var s sample
		for i, rate := range tr.rates[c] {
			s = append(s, math.Log(rate/usual.rates[c][i]))
		}
		gains[c] = s.gain(0)
		all = append(all, s)
	}
	gains[len(crowds)] = overall(all, 0)
	return gains
}

// best returns the value of a variable that is better than the default beyond
// doubt, and by most, and notes what every value was good for; nil for none.
func (t *Tuner) best(trials []*trial, variable string) (chosen *trial) {
	most := 1.0
	for _, tr := range trials {
		if tr.variable != variable {
			continue
		}
		gains := tr.gain(trials[0])
		for c, callers := range crowds {
			t.note(tr, callers, gains[c], middle(tr.rates[c]))
		}
		overall := gains[len(crowds)]
		t.note(tr, 0, overall, 0)
		if better(overall) && overall.Median > most {
			chosen, most = tr, overall.Median
		}
	}
	return chosen
}

func (t *Tuner) note(tr *trial, callers int, g profile.Gain, rate float64) {
	t.profile.Trials = append(t.profile.Trials, profile.Trial{Variable: tr.variable, Value: tr.value, Callers: callers, Rate: rate, Gain: g})
}

func middle(rates []float64) float64 {
	var s sample
	for _, r := range rates {
		s = append(s, math.Log(max(r, 1e-9)))
	}
	return s.gain(0).Median
}

func (t *Tuner) chooseDepth(trials []*trial) {
	depth := max(t.rig.info.QueueDepth, 1)
	if tr := t.best(trials, profile.VarQueueDepth); tr != nil {
		depth, _ = strconv.Atoi(tr.value)
	}
	t.profile.Settings.QueueDepth = &depth
}

func (t *Tuner) chooseLinger(trials []*trial) {
	linger := time.Duration(0)
	if tr := t.best(trials, profile.VarLinger); tr != nil {
		linger, _ = time.ParseDuration(tr.value)
	}
	t.profile.Settings.Linger = &linger
}
