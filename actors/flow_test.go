package actors

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// crowdShelf is a shelf with many tenants. Each starts with another virtual
// time and another weight, so that no two are ever equal.
func crowdShelf(n int) (*shelf, []*job.Account) {
	s := newShelf()
	s.tenants.weights = map[string]float64{}
	ledger := job.NewLedger(job.Limits{})
	accounts := make([]*job.Account, n)
	for i := range accounts {
		name := strconv.Itoa(i)
		s.tenants.weights[name] = 1 + float64(i)/7
		accounts[i] = ledger.Account(name)
		s.tenants.of(accounts[i]).Charge(float64(i) * 0.123)
	}
	return s, accounts
}

// turnsModel is the dumb twin of a shard with many tenants and one lane.
type turnsModel struct {
	used   map[*job.Account]float64
	weight map[*job.Account]float64
	flows  []*modelFlow // of one tenant and class in the order to be taken
}

type modelFlow struct {
	account *job.Account
	class   int
	key     bucketKey
	tasks   []*Task

	overtaken int
}

func (m *turnsModel) put(t *Task) {
	for _, f := range m.flows {
		if f.account == t.Account && f.class == t.Class && f.key == bucketOf(t) {
			f.tasks = append(f.tasks, t)
			return
		}
	}
	m.flows = append(m.flows, &modelFlow{account: t.Account, class: t.Class, key: bucketOf(t), tasks: []*Task{t}})
}

// next returns the flow of a class, and of a bucket if there is one, whose
// tenant used least; of one tenant's the first.
func (m *turnsModel) next(class int, key *bucketKey) (best *modelFlow) {
	for _, f := range m.flows {
		if f.class == class && (key == nil || f.key == *key) && (best == nil || m.used[f.account] < m.used[best.account]) {
			best = f
		}
	}
	return best
}

// front returns the flow whose bucket has the most demand of those of the tenant
// whose turn it is, and counts it as taken before those ahead of it.
func (m *turnsModel) front(class int, now time.Time) *modelFlow {
	for _, c := range []int{class, 2, 1, 0} {
		turn := m.next(c, nil)
		if turn == nil {
			continue
		}
		claim := slices.DeleteFunc(slices.Clone(m.flows), func(f *modelFlow) bool {
			return f.account != turn.account || f.class != c
		})
		best := m.most(claim, now)
		claim[best].overtaken = 0
		for _, ahead := range claim[:best] {
			ahead.overtaken++
		}
		return claim[best]
	}
	return nil
}

func (m *turnsModel) most(claim []*modelFlow, now time.Time) (best int) {
	demand := -1.0
	for i, f := range claim {
		if claim[0].key.alone != nil {
			return 0
		}
		if f.overtaken >= maxOvertaken {
			return i
		}
		jobs := 0
		for _, x := range m.flows {
			if x.key == f.key {
				jobs += len(x.tasks)
			}
		}
		if d := float64(jobs) * float64(now.Sub(f.tasks[0].Arrived)); d > demand {
			best, demand = i, d
		}
	}
	return best
}

// hand takes the first task of a flow, or drops it when it has ended. Then the
// tenant's next bucket comes first if it has waited longer.
func (m *turnsModel) hand(f *modelFlow, ahead float64) (t *Task) {
	if t = f.tasks[0]; t.Pending() {
		m.used[f.account] += ahead / m.weight[f.account]
	} else {
		t = nil
	}
	i := slices.Index(m.flows, f)
	if f.tasks = f.tasks[1:]; len(f.tasks) == 0 {
		m.flows = slices.Delete(m.flows, i, i+1)
		return t
	}
	var siblings []*modelFlow
	for _, x := range m.flows {
		if x.account == f.account && x.class == f.class {
			siblings = append(siblings, x)
		}
	}
	if siblings[0] == f && len(siblings) > 1 && siblings[1].tasks[0].Arrived.Before(f.tasks[0].Arrived) {
		m.flows = append(slices.Delete(m.flows, i, i+1), f)
	}
	return t
}

func (m *turnsModel) fill(now time.Time, class, columns, problems int, ahead float64) (tasks []*Task) {
	for opened := 0; len(tasks) < columns && opened < problems; opened++ {
		front := m.front(class, now)
		if front == nil {
			break
		}
		key := front.key
		for i := range job.Classes {
			for len(tasks) < columns {
				f := m.next((class+job.Classes-i)%job.Classes, &key)
				if f == nil {
					break
				}
				if t := m.hand(f, ahead); t != nil {
					tasks = append(tasks, t)
				}
			}
		}
		if slices.ContainsFunc(m.flows, func(f *modelFlow) bool { return f.key == key }) {
			break
		}
	}
	return tasks
}

func (m *turnsModel) waiting() (n int) {
	for _, f := range m.flows {
		n += len(f.tasks)
	}
	return n
}

func TestTenantsTakeTurnsAsInModel(t *testing.T) {
	weights := []tensor.View{fill(8, 8, 1), fill(8, 8, 2), fill(8, 8, 3)}
	rapid.Check(t, func(t *rapid.T) {
		s, accounts := crowdShelf(rapid.IntRange(1, 5).Draw(t, "tenants"))
		m := &turnsModel{used: map[*job.Account]float64{}, weight: map[*job.Account]float64{}}
		for i, a := range accounts {
			m.used[a], m.weight[a] = float64(s.tenants.of(a).Used()), 1+float64(i)/7
		}
		var all []*Task
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				require.EqualValues(t, m.waiting(), s.queued.Load())
				for _, a := range accounts {
					require.InDelta(t, m.used[a], float64(s.tenants.of(a).Used()), 1e-9)
					open := 0
					for _, f := range m.flows {
						if f.account == a {
							open++
						}
					}
					require.Equal(t, open, s.tenants.of(a).open)
				}
				for _, b := range s.spare {
					require.Equal(t, bucket{}, *b)
				}
				for _, f := range s.flows {
					require.Equal(t, flow{}, *f)
				}
			},
			"put": func(t *rapid.T) {
				j := product(rapid.SampledFrom(weights).Draw(t, "weight"), 1, 1)
				j.Priority = job.Priority(rapid.IntRange(-1, 1).Draw(t, "priority"))
				task := s.task(t, j)
				task.Account = rapid.SampledFrom(accounts).Draw(t, "tenant")
				all = append(all, task)
				m.put(task)
				s.put(task, task)
				s.absorb()
			},
			"cancel": func(t *rapid.T) {
				if len(all) == 0 { // nothing to do in this state: the next step
					return
				}
				rapid.SampledFrom(all).Draw(t, "task").End(job.Cancelled, job.ErrCancelled)
			},
			"charge": func(t *rapid.T) { // for work elsewhere
				a := rapid.SampledFrom(accounts).Draw(t, "tenant")
				by := rapid.Float64Range(0, 9).Draw(t, "by")
				s.tenants.of(a).Charge(by)
				m.used[a] += by / m.weight[a]
			},
			"fill": func(t *rapid.T) {
				if len(s.open) == 0 {
					return
				}
				class, columns := rapid.IntRange(0, 2).Draw(t, "class"), rapid.IntRange(1, 12).Draw(t, "columns")
				problems, ahead := rapid.IntRange(1, 3).Draw(t, "problems"), rapid.Float64Range(0.1, 3).Draw(t, "ahead")
				want := m.fill(s.arrived, class, columns, problems, ahead)
				b := &Batch{
					engine: s.engine, lane: s.open[0], class: class, ahead: ahead,
					maxColumns: columns, maxProblems: problems, formed: s.arrived,
				}
				s.fill(b)
				var got []*Task
				for _, p := range b.parts {
					got = append(got, p.task)
				}
				require.Equal(t, names(want), names(got))
			},
		})
		s.abandonAll(job.Cancelled, job.ErrClosed)
		for _, a := range accounts {
			require.Zero(t, s.tenants.of(a).open)
		}
	})
}

func names(ts []*Task) (out []string) {
	for _, t := range ts {
		out = append(out, fmt.Sprintf("%p of %s", t, t.Account.Tenant))
	}
	return out
}

// A flood in every place where another's job may stand: before its bucket,
// before its lane's other buckets, and among work that stands alone.
func TestFloodDelaysNoOther(t *testing.T) {
	three := func() *job.Matmul {
		a := tensor.Batch(make([]float32, 3*64), 3, 8, 8)
		return &job.Matmul{A: a, B: a, C: tensor.Batch(make([]float32, 3*64), 3, 8, 8)}
	}
	hot, cold := fill(8, 8, 1), fill(8, 8, 2)
	for name, c := range map[string]struct{ flood, other func(i int) *job.Matmul }{
		"same operand":       {func(int) *job.Matmul { return product(hot, 1, 1) }, func(int) *job.Matmul { return product(hot, 1, 1) }},
		"operand of its own": {func(int) *job.Matmul { return product(hot, 1, 1) }, func(int) *job.Matmul { return product(cold, 1, 1) }},
		"one of many":        {func(i int) *job.Matmul { return product(fill(8, 8, i), 1, 1) }, func(int) *job.Matmul { return product(cold, 1, 1) }},
		"alone":              {func(int) *job.Matmul { return three() }, func(int) *job.Matmul { return three() }},
	} {
		t.Run(name, func(t *testing.T) {
			s, accounts := crowdShelf(2)
			put := func(a *job.Account, j *job.Matmul) *Task {
				task := s.task(t, j)
				task.Account = a
				s.put(task, task)
				s.absorb()
				return task
			}
			flood, other := s.tenants.of(accounts[0]), s.tenants.of(accounts[1])
			for i := range 200 {
				put(accounts[0], c.flood(i))
			}
			for visit := range 5 {
				b := &Batch{engine: s.engine, lane: s.open[0], class: 1, ahead: 1, maxColumns: 8, maxProblems: 4, formed: s.arrived}
				s.fill(b)
				require.NotEmpty(t, b.parts)
				s.tenants.clock.Advance(flood.Used() - 1) // as of the pick
				task := put(accounts[1], c.other(visit))
				b = &Batch{engine: s.engine, lane: s.open[0], class: 1, ahead: 1, maxColumns: 8, maxProblems: 4, formed: s.arrived}
				s.fill(b)
				require.Equal(t, task.Units, task.taken, "the very next batch takes it")
				require.Less(t, other.Used(), flood.Used())
			}
		})
	}
}

// What is kept of tenants that have gone is bounded, and counted right.
func TestShardBoundsIdleTenants(t *testing.T) {
	s, _ := crowdShelf(0)
	ledger := job.NewLedger(job.Limits{})
	w := fill(4, 4, 1)
	put := func(name string) {
		task := s.task(t, product(w, 1, 1))
		task.Account = ledger.Account(name)
		s.put(task, task)
		s.absorb()
	}
	requireKept := func() {
		n := 0
		for _, l := range s.lanes {
			for class := range l.classes {
				n += len(l.classes[class].all)
			}
			for _, b := range l.buckets {
				for class := range b.queues {
					if c := b.queues[class].crowd; c != nil {
						n += len(c.all)
					}
				}
			}
		}
		require.Equal(t, n, s.kept)
	}
	for i := range 2 * maxKept {
		put(strconv.Itoa(i))
		if i%64 == 0 { // leaves some
			s.batch(s.open[0], 1, 60, 1)
		}
	}
	requireKept()
	l := s.open[0]
	require.LessOrEqual(t, s.kept, maxKept+4*l.jobs+4*minKept)
	for l.jobs > 1 {
		s.batch(l, 1, min(64, l.jobs-1), 1)
	}
	require.NotNil(t, l.front(1, s.arrived))
	for i := range maxKept / 2 {
		put("again " + strconv.Itoa(i))
		s.batch(l, 1, 1, 1)
	}
	requireKept()
	require.LessOrEqual(t, s.kept, maxKept+4*minKept)
	require.LessOrEqual(t, len(s.flows), maxSpareFlows)
	for i := range 2 * maxIdleLanes { // its lane goes, and all that was kept of it
		w = fill(5+i, 4, 1)
		put("one")
		put("two")
		s.batch(s.open[len(s.open)-1], 1, 64, 64)
	}
	requireKept()
}

// A bucket that is closed gives up its flows, and what is used again is empty.
func TestBucketsAreUsedAgainByOtherTenants(t *testing.T) {
	s, accounts := crowdShelf(20)
	for round := range 50 {
		w := fill(4, 4, round)
		for i := range 5 {
			task := s.task(t, product(w, 1, 1))
			task.Account = accounts[(round*3+i)%len(accounts)]
			s.put(task, task)
		}
		s.absorb()
		b := s.batch(s.open[0], 1, 64, 64)
		require.Len(t, b.parts, 5)
		require.Empty(t, s.open)
	}
	require.LessOrEqual(t, len(s.flows), 20)
	require.LessOrEqual(t, len(s.crowds), 2)
}

// What tenants take is charged when it is taken, and made good.
func TestBatchCharges(t *testing.T) {
	s, accounts := crowdShelf(3)
	w := fill(8, 8, 1)
	for i := range 12 {
		task := s.task(t, product(w, i%2+1, 1)) // columns
		task.Account = accounts[i%3]
		s.put(task, task)
	}
	s.absorb()
	before := make([]policy.Virtual, 3)
	for i, a := range accounts {
		before[i] = s.tenants.of(a).Used()
	}
	b := &Batch{engine: s.engine, lane: s.open[0], class: 1, ahead: 1000, maxColumns: 64, maxProblems: 1, formed: s.arrived}
	s.fill(b)
	require.Equal(t, 18, b.columns)
	b.timing.Device, b.ended = 18*time.Microsecond/4, s.arrived.Add(time.Second)
	b.charge()
	sum := time.Duration(0)
	for i, a := range accounts {
		who := s.tenants.of(a)
		require.InDelta(t, 6*250/(1+float64(i)/7), float64(who.Used()-before[i]), 1e-6)
		require.Equal(t, b.ended, who.served)
		require.Equal(t, 1500*time.Nanosecond, a.Used())
		sum += a.Used()
	}
	require.Equal(t, b.timing.Device, sum)

	// A batch that took no time, as one that was refused, costs nothing.
	task := s.task(t, product(w, 3, 1))
	task.Account = accounts[0]
	s.put(task, task)
	s.absorb()
	used := s.tenants.of(accounts[0]).Used()
	b = &Batch{engine: s.engine, lane: s.open[0], class: 1, ahead: 1000, maxColumns: 64, maxProblems: 1, formed: s.arrived}
	s.fill(b)
	require.InDelta(t, 3000, float64(s.tenants.of(accounts[0]).Used()-used), 1e-6)
	b.charge()
	require.InDelta(t, float64(used), float64(s.tenants.of(accounts[0]).Used()), 1e-6)
}

// crowdChurn returns a step that fills a batch of 64 from one bucket with 4
// tasks of each of n tenants, and puts as many back.
func crowdChurn(tb testing.TB, n int) (step func() (jobs int)) {
	s := newShelf()
	ledger := job.NewLedger(job.Limits{})
	proto := s.task(tb, product(fill(4, 4, 1), 1, 1))
	tasks := make([]Task, 4*n)
	for i := range tasks {
		t := &tasks[i]
		t.Keep, t.Form, t.Plan, t.Units, t.Class, t.Arrived = true, proto.Form, proto.Plan, 1, 1, proto.Arrived
		t.Account = ledger.Account(strconv.Itoa(i % n))
		s.put(t, t)
	}
	s.absorb()
	b := &Batch{engine: s.engine, class: 1, ahead: 100, maxColumns: 64, maxProblems: 64}
	return func() int {
		clear(b.parts)
		b.parts, b.columns, b.problems = b.parts[:0], 0, 0
		b.lane = s.open[0]
		s.fill(b)
		b.timing.Device = 6000
		b.charge()
		for i := range b.parts {
			t := b.parts[i].task
			t.taken = 0
			s.put(t, t)
		}
		s.absorb()
		return len(b.parts)
	}
}

func TestTenantsTakeTurnsWithoutAllocating(t *testing.T) {
	for _, n := range []int{1, 2, 1000} {
		step := crowdChurn(t, n)
		for range 4 * n { // until everybody was served
			step()
		}
		require.Zero(t, testing.AllocsPerRun(200, func() { step() }), "%d tenants", n)
	}
}

// BenchmarkCrowd is what a job costs a shard by the number of its tenants, all
// of which have jobs waiting for the same operand.
func BenchmarkCrowd(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			step := crowdChurn(b, n)
			b.ReportAllocs()
			b.ResetTimer()
			for done := 0; done < b.N; {
				done += step()
			}
		})
	}
}
