package actors

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func (d *desk) anythingWaits() bool {
	waits := len(d.retries) > 0
	for _, ds := range &d.engine.dispatchers {
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
	d.weigh(now)
	i, why := policy.Pick(now, d.cands, d.engine.Tuning)
	if i < 0 {
		return false
	}
	if least, ok := policy.Least(d.cands); ok {
		d.engine.tenants.clock.Advance(least)
	}
	l := d.places[i].lane
	b.lane, b.shard, b.pick, b.formed = l, d.places[i].owner.shard, why, now
	b.class = policy.Class(now, d.cands, i, d.engine.Tuning)
	b.lingered = d.engine.Linger > 0
	b.maxColumns, b.maxProblems = d.limits(l)
	b.ahead = d.ahead(l, b.maxColumns)
	return true
}

// survey collects a candidate for every lane in which something waits.
func (d *desk) survey(now time.Time) {
	d.cands, d.places, d.soonest = d.cands[:0], d.places[:0], 0
	for _, ds := range &d.engine.dispatchers {
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
		n := len(d.cands)
		d.cands = append(d.cands, policy.Candidate{})
		l.describe(&d.cands[n])
		if wait := d.lingers(l, &d.cands[n], now); wait > 0 {
			if d.soonest == 0 || wait < d.soonest {
				d.soonest = wait
			}
			d.cands = d.cands[:n]
			continue
		}
		d.places = append(d.places, place{owner, l})
	}
}

// weigh finds out what speaks for each of several candidates: how many wait,
// and how long they would take.
func (d *desk) weigh(now time.Time) {
	if len(d.cands) < 2 {
		return
	}
	for i := range d.cands {
		c, l := &d.cands[i], d.places[i].lane
		b := l.front(policy.Class(now, d.cands, i, d.engine.Tuning), now).bucket
		c.Jobs = b.jobs
		if l.key.single {
			c.Time = d.costs.Predict(d.work(l).Widen(b.jobs))
		} else {
			c.Time = d.costs.Predict(d.work(l))
		}
	}
}

// describe fills in what the picker sees of the lane: in each class the tenant
// whose turn it is, and the first of its jobs.
func (l *lane) describe(c *policy.Candidate) {
	for i := range l.classes {
		front := l.classes[i].first()
		if front == nil {
			continue
		}
		t := front.head.tasks.head
		c.Oldest[i], c.Served[i], c.TenantUsed[i] = t.Arrived, front.owner.served, front.owner.Used()
		if dl := t.Deadline; !dl.IsZero() && (c.Deadline.IsZero() || dl.Before(c.Deadline)) {
			c.Deadline = dl
		}
	}
}

// lingers returns how long the lane should wait for companions still.
func (d *desk) lingers(l *lane, c *policy.Candidate, now time.Time) time.Duration {
	if d.engine.Linger <= 0 || l.jobs >= min(d.engine.MaxColumns, d.engine.MaxJobs) {
		return 0
	}
	limit := d.engine.Linger
	if l.key.single {
		limit = d.costs.Linger(limit, d.work(l), l.jobs)
	}
	var oldest time.Time
	for _, at := range c.Oldest {
		if !at.IsZero() && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	}
	return oldest.Add(limit).Sub(now)
}

func (d *desk) wakeIn(wait time.Duration) {
	if d.linger == nil {
		d.linger = d.newAlarm()
	}
	d.linger.Set(wait)
}
