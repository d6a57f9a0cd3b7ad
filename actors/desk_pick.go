package actors

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func (d *desk) anythingWaits() bool {
	waits := len(d.retries) > 0
	for _, ds := range [...][]*dispatcher{d.engine.matmul, d.engine.softmax} {
		for _, owner := range ds {
			waits = owner.shard.waits() || waits
		}
	}
	return waits
}

// pickFrom makes a credit out for one dispatcher's work; false if none waits.
func (d *desk) pickFrom(b *Batch, owner *dispatcher, now time.Time) bool {
	d.cands, d.places = d.cands[:0], d.places[:0]
	d.surveyShard(owner, now)
	ok := d.pick(b, now)
	if t := d.engine.trace; t != nil {
		t.picked(b, owner, now, ok)
	}
	return ok
}

// pickFromAll makes a credit out for the work of any dispatcher.
func (d *desk) pickFromAll(b *Batch, now time.Time) bool {
	d.survey(now)
	ok := d.pick(b, now)
	if t := d.engine.trace; t != nil {
		t.picked(b, nil, now, ok)
	}
	return ok
}

// pick makes a credit out for the candidate that comes next.
func (d *desk) pick(b *Batch, now time.Time) bool {
	i, why := policy.Pick(now, d.cands, d.engine.Tuning)
	if i < 0 {
		return false
	}
	l := d.places[i].lane
	b.lane, b.shard, b.pick, b.formed = l, d.places[i].owner.shard, why, now
	b.class = bestClass(now, &d.cands[i], d.engine.Tuning)
	b.lingered = d.engine.Linger > 0
	b.maxColumns, b.maxProblems = d.limits(l)
	return true
}

// survey collects a candidate for every lane in which something waits.
func (d *desk) survey(now time.Time) {
	d.cands, d.places, d.soonest = d.cands[:0], d.places[:0], 0
	for _, ds := range [...][]*dispatcher{d.engine.matmul, d.engine.softmax} {
		for _, owner := range ds {
			d.surveyShard(owner, now)
		}
	}
}

func (d *desk) surveyShard(owner *dispatcher, now time.Time) {
	s := owner.shard
	for _, l := range s.open {
		if l.cold > 0 { // gathers until its kernel is there
			continue
		}
		c := l.candidate()
		if wait := d.lingers(l, &c, now); wait > 0 {
			if d.soonest == 0 || wait < d.soonest {
				d.soonest = wait
			}
			continue
		}
		d.cands = append(d.cands, c)
		d.places = append(d.places, place{owner, l})
	}
}

// candidate is what the picker sees of the lane: its longest waiting jobs.
func (l *lane) candidate() policy.Candidate {
	c := policy.Candidate{Oldest: l.oldest(), TenantUsed: -1}
	for i := range l.classes {
		b := l.classes[i].head
		if b == nil {
			continue
		}
		t := b.queues[i].head
		if used := t.Account.Used(); c.TenantUsed < 0 || used < c.TenantUsed {
			c.TenantUsed = used
		}
		if dl := t.Deadline; !dl.IsZero() && (c.Deadline.IsZero() || dl.Before(c.Deadline)) {
			c.Deadline = dl
		}
	}
	return c
}

// lingers returns how long the lane should wait for companions still.
func (d *desk) lingers(l *lane, c *policy.Candidate, now time.Time) time.Duration {
	if d.engine.Linger <= 0 || l.jobs >= d.engine.MaxColumns {
		return 0
	}
	var oldest time.Time
	for _, at := range c.Oldest {
		if !at.IsZero() && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	}
	return oldest.Add(d.engine.Linger).Sub(now)
}

func (d *desk) wakeIn(wait time.Duration) {
	if d.linger == nil {
		d.linger = time.AfterFunc(wait, func() { d.engine.sendDevice(isReady) })
		return
	}
	d.linger.Reset(wait)
}

// bestClass returns the class whose longest waiting job stands highest.
func bestClass(now time.Time, c *policy.Candidate, tuning policy.PickTuning) int {
	last, classes := 0, 0
	for class := range c.Oldest {
		if !c.Oldest[class].IsZero() {
			last, classes = class, classes+1
		}
	}
	if classes == 1 {
		return last
	}
	var only [job.Classes]policy.Candidate
	for class := range c.Oldest {
		only[class].Oldest[class] = c.Oldest[class]
	}
	best, _ := policy.Pick(now, only[:], tuning)
	return best
}
