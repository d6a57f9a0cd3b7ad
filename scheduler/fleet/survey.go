package fleet

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// ask describes the members to the policy: only the job's home, if it stays
// there anyway.
func (f *Fleet) ask(q *question, now time.Time) policy.Placement {
	home := -1
	if len(q.operands) > 0 {
		home = q.operands[0].home
	}
	q.sites = q.sites[:0]
	for range f.members {
		q.sites = append(q.sites, policy.Site{})
	}
	if home >= 0 {
		if q.sites[home] = f.survey(q, f.members[home], now); policy.StaysHome(&q.sites[home], f.tuning) {
			return policy.Placement{Site: home, Reason: policy.PlaceHome, Copy: -1}
		}
	}
	for i, m := range f.members {
		if i != home {
			q.sites[i] = f.survey(q, m, now)
		}
	}
	return policy.Place(q.sites, home, f.tuning)
}

// survey describes one member.
func (f *Fleet) survey(q *question, m *member, now time.Time) policy.Site {
	needed, missing, coming, futile := q.group.beside(q, m), int64(0), false, false
	for _, v := range q.versions {
		needed += v.bytes
		if s := &v.slots[m.index]; s.copy == nil {
			missing += v.bytes
			coming = coming || s.flight != nil
			futile = futile || now.Sub(s.futile) < policy.IdleCopy
		}
	}
	site := m.site(now, missing)
	site.Tried, site.Coming = q.avoid[m.index], coming
	if futile { // it was tried a moment ago
		site.Room = -1
	}
	if needed > m.most { // not even in turn: what is there would have to go
		site.Missing, site.Room, site.Most = needed, -1, -1
	}
	m.queue.sweep(m, now)
	site.Cost = q.cost(m)
	site.Queue = m.queue.wait()
	return site
}

// cost returns what the job adds to a member's queue, after another look at
// those that use the same copy.
func (q *question) cost(m *member) time.Duration {
	if len(q.versions) == 0 {
		d, _ := m.s.Predict(q.form.Problem, 1) // no kernel: it is about to be refused
		return d
	}
	s := &q.versions[0].slots[m.index]
	s.problem = q.form.Problem
	if s.copy == nil {
		return m.predict(s, 1)
	}
	jobs := m.queue.refresh(s, m)
	return max(m.predict(s, jobs+1)-s.charged, 0)
}

// site describes a member to which some bytes have to be brought.
func (m *member) site(now time.Time, missing int64) policy.Site {
	m.farewell()
	s := policy.Site{Up: m.state == up, Lost: m.state == lost, Missing: missing, Free: m.most - m.used, Most: m.most}
	s.Room = s.Free
	if missing == 0 {
		return s
	}
	s.Load = max(m.loadTime(missing), 1)
	if missing > s.Free {
		var idle int64
		if s.Room, idle = m.room(now); missing > idle { // until jobs have ended
			s.Load += m.queue.wait()
		}
	}
	return s
}
