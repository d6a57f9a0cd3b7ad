package actors

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// shelf is a shard without actors: tasks go in, batches come out.
type shelf struct {
	*shard
	engine  *Engine
	plans   *policy.Cache
	arrived time.Time
}

func newShelf() *shelf {
	caps := sim.Open(sim.Config{}).Info().Caps
	return &shelf{
		shard: newShard(1, newTenants(nil)), arrived: time.Unix(1000, 0),
		engine: &Engine{Config: Config{MaxJobs: 1 << 30, InPlaceBytes: -1}},
		plans:  policy.NewCache(caps, policy.DefaultPrefs(), kernels.Default),
	}
}

// task returns a task that came a millisecond after the one before.
func (s *shelf) task(tb require.TestingT, j job.Job) *Task {
	t := &Task{Keep: true}
	require.NoError(tb, j.Arrange(&t.Form, policy.Orient))
	var err error
	t.Plan, err = s.plans.Plan(t.Form.Problem)
	require.NoError(tb, err)
	o := job.OptionsOf(j)
	s.arrived = s.arrived.Add(time.Millisecond)
	t.Units, t.Class, t.Arrived, t.Deadline = t.Form.Units(), o.Priority.Class(), s.arrived, o.Deadline
	return t
}

// batch fills a batch from a lane and returns its parts.
func (s *shelf) batch(l *lane, class, columns, problems int) *Batch {
	b := &Batch{engine: s.engine, lane: l, class: class, maxColumns: columns, maxProblems: problems, formed: s.arrived}
	s.fill(b)
	return b
}

// model is the dumb twin of a shard: slices, searched from end to end.
type model struct{ lanes []*modelLane }

type modelLane struct {
	key   laneKey
	lists [job.Classes][]*modelBucket
}

type modelBucket struct {
	key   bucketKey
	tasks [job.Classes][]*Task

	overtaken [job.Classes]int
}

func (m *model) put(t *Task) {
	key, i := laneOf(t.Plan), -1
	for j, l := range m.lanes {
		if l.key == key {
			i = j
		}
	}
	if i < 0 {
		m.lanes, i = append(m.lanes, &modelLane{key: key}), len(m.lanes)
	}
	l, b := m.lanes[i], (*modelBucket)(nil)
	for _, list := range l.lists {
		for _, x := range list {
			if x.key == bucketOf(t) {
				b = x
			}
		}
	}
	if b == nil {
		b = &modelBucket{key: bucketOf(t)}
	}
	if len(b.tasks[t.Class]) == 0 {
		l.lists[t.Class] = append(l.lists[t.Class], b)
		b.overtaken[t.Class] = 0
	}
	b.tasks[t.Class] = append(b.tasks[t.Class], t)
}

// fill returns the parts that a batch must get, as text.
func (m *model) fill(l *modelLane, now time.Time, class, columns, problems int) (parts []string) {
	taken := map[*Task]int{}
	n, opened := 0, 0
	for n < columns && opened < problems {
		b := l.front(class, now)
		if b == nil {
			break
		}
		for i := range job.Classes {
			c := (class + job.Classes - i) % job.Classes
			for len(b.tasks[c]) > 0 && n < columns {
				t := b.tasks[c][0]
				if !t.Pending() || (!t.Deadline.IsZero() && !now.Before(t.Deadline)) {
					l.drop(b, c)
					continue
				}
				from := t.taken + taken[t]
				units := min(t.Units-from, columns-n)
				parts = append(parts, fmt.Sprintf("%p [%d,%d) of problem %d", t, from, from+units, opened))
				taken[t] += units
				if n += max(units, 1); from+units == t.Units {
					l.drop(b, c)
				}
			}
		}
		opened++
		if l.waits(b) {
			l.yield(b)
			break
		}
	}
	return parts
}

// front returns the bucket to take next, and counts it as taken before those
// ahead of it.
func (l *modelLane) front(class int, now time.Time) *modelBucket {
	for _, c := range []int{class, 2, 1, 0} {
		if list := l.lists[c]; len(list) > 0 {
			best := mostOf(list, c, now)
			list[best].overtaken[c] = 0
			for _, ahead := range list[:best] {
				ahead.overtaken[c]++
			}
			return list[best]
		}
	}
	return nil
}

func mostOf(list []*modelBucket, class int, now time.Time) (best int) {
	demand := -1.0
	for i, b := range list {
		switch jobs := len(b.tasks[0]) + len(b.tasks[1]) + len(b.tasks[2]); {
		case list[0].key.alone != nil:
			return 0
		case b.overtaken[class] >= maxOvertaken:
			return i
		default:
			if d := float64(jobs) * float64(now.Sub(b.tasks[class][0].Arrived)); d > demand {
				best, demand = i, d
			}
		}
	}
	return best
}

func (l *modelLane) drop(b *modelBucket, c int) {
	if b.tasks[c] = b.tasks[c][1:]; len(b.tasks[c]) == 0 {
		l.lists[c] = slices.DeleteFunc(l.lists[c], func(x *modelBucket) bool { return x == b })
	}
}

func (l *modelLane) waits(b *modelBucket) bool {
	return len(b.tasks[0])+len(b.tasks[1])+len(b.tasks[2]) > 0
}

func (l *modelLane) yield(b *modelBucket) {
	for c, list := range l.lists {
		if len(list) > 1 && list[0] == b && list[1].tasks[c][0].Arrived.Before(b.tasks[c][0].Arrived) {
			l.lists[c] = append(slices.Clone(list[1:]), b)
		}
	}
}

func (m *model) waiting() (n int) {
	for _, l := range m.lanes {
		for c, list := range l.lists {
			for _, b := range list {
				n += len(b.tasks[c])
			}
		}
	}
	return n
}

func TestShardAgainstModel(t *testing.T) {
	weights := []tensor.View{fill(8, 8, 1), fill(8, 8, 2), fill(8, 8, 3), fill(16, 8, 4)}
	three := tensor.Batch(make([]float32, 3*64), 3, 8, 8)
	rapid.Check(t, func(t *rapid.T) {
		s, m := newShelf(), &model{}
		var all []*Task
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { s.requireSound(t, m) },
			"put": func(t *rapid.T) {
				var j job.Job
				o := job.Options{Priority: job.Priority(rapid.IntRange(-1, 1).Draw(t, "priority"))}
				if rapid.IntRange(0, 9).Draw(t, "expires") == 0 {
					o.Deadline = s.arrived.Add(5 * time.Millisecond)
				}
				switch w := rapid.IntRange(0, 6).Draw(t, "kind"); w {
				case 4:
					j = &job.Softmax{X: fill(3, 8, 1), Options: o}
				case 5: // stands alone
					j = &job.Matmul{A: three, B: three, C: tensor.Batch(make([]float32, 3*64), 3, 8, 8), Options: o}
				default:
					p := product(weights[w%4], rapid.SampledFrom([]int{1, 1, 1, 2, 7}).Draw(t, "columns"), 1)
					p.Options = o
					j = p
				}
				task := s.task(t, j)
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
			"fill": func(t *rapid.T) {
				if len(s.open) == 0 {
					return
				}
				l := rapid.SampledFrom(s.open).Draw(t, "lane")
				class := rapid.IntRange(0, 2).Draw(t, "class")
				columns, problems := rapid.IntRange(1, 12).Draw(t, "columns"), rapid.IntRange(1, 3).Draw(t, "problems")
				i := slices.IndexFunc(m.lanes, func(x *modelLane) bool { return x.key == l.key })
				want := m.fill(m.lanes[i], s.arrived, class, columns, problems)
				b := s.batch(l, class, columns, problems)
				var got []string
				for _, p := range b.parts {
					got = append(got, fmt.Sprintf("%p [%d,%d) of problem %d", p.task, p.u0, p.u1, p.bucket))
				}
				require.Equal(t, want, got)
			},
		})
		s.abandonAll(job.Cancelled, job.ErrClosed)
		m.lanes = nil
		s.requireSound(t, m)
		for _, task := range all { // those in batches end with their batches
			require.True(t, !task.Pending() || task.taken > 0)
		}
	})
}

// requireSound checks that the shard's structures agree with each other and
// with the model.
func (s *shelf) requireSound(t require.TestingT, m *model) {
	require.EqualValues(t, m.waiting(), s.queued.Load())
	jobs := 0
	for i, l := range s.open {
		require.Equal(t, i, l.place)
		require.Positive(t, l.jobs)
		require.Same(t, l, s.lanes[l.key])
		jobs += l.jobs
	}
	require.Equal(t, m.waiting(), jobs)
	for _, l := range s.lanes {
		require.Equal(t, l.jobs > 0, l.place >= 0)
		for key, b := range l.buckets {
			require.Equal(t, key, b.key)
			require.True(t, b.jobs > 0 || b == s.last, "an empty bucket is kept")
		}
	}
	for _, b := range s.spare {
		require.Equal(t, bucket{}, *b)
	}
}

// One hot operand, always with more waiting than a batch takes, must not keep
// out another in the same lane.
func TestShardStarvesNoOperand(t *testing.T) {
	s := newShelf()
	hot, cold := fill(8, 8, 1), fill(8, 8, 2)
	put := func(w tensor.View) *Task {
		task := s.task(t, product(w, 1, 1))
		s.put(task, task)
		s.absorb()
		return task
	}
	for range 8 {
		put(hot)
	}
	waits := put(cold)
	for batch := 0; waits.taken == 0; batch++ {
		require.LessOrEqual(t, batch, maxOvertaken+2, "the cold operand is never served")
		for range 4 {
			put(hot)
		}
		s.batch(s.open[0], waits.Class, 4, 8)
	}
}

// Contents before and after an Update lie at no address that the host knows
// when the device is discrete; they must not be taken for one operand.
func TestShardTellsVersionsOfAnOperandApart(t *testing.T) {
	s := newShelf()
	w := new(tensor.Resident).Of(tensor.Window(nil, 4*64, tensor.F32, tensor.Dims{1, 8, 8}, tensor.Dims{64, 8, 1}, 0))
	var old, updated operand
	for i, o := range []*operand{&old, &updated, &old} {
		j := product(fill(8, 8, 1), 1, i)
		j.A = w
		task := o.use(s.task(t, j))
		s.put(task, task)
	}
	s.absorb()
	b := s.batch(s.open[0], job.Normal.Class(), 8, 8)
	require.Len(t, b.parts, 3)
	for i, want := range []*operand{&old, &old, &updated} {
		require.Same(t, want, b.parts[i].task.Memory[OperandA])
	}
	require.Equal(t, b.parts[0].bucket, b.parts[1].bucket)
	require.NotEqual(t, b.parts[0].bucket, b.parts[2].bucket)
}

func TestShardBoundsIdleLanesAndBuckets(t *testing.T) {
	s := newShelf()
	put := func(w tensor.View) {
		task := s.task(t, product(w, 1, 1))
		s.put(task, task)
		s.absorb()
	}
	drain := func() {
		for len(s.open) > 0 {
			s.batch(s.open[0], 1, 64, 64)
		}
	}
	for rows := range 3 * maxIdleLanes { // one shape after another
		put(fill(rows+1, 4, 1))
		drain()
	}
	require.LessOrEqual(t, len(s.lanes), maxIdleLanes+1)
	for range 500 { // one operand after another, of one shape
		put(fill(4, 4, 1))
		drain()
	}
	require.LessOrEqual(t, len(s.last.lane.buckets), 1)
	for range 3 * maxSpareBuckets {
		put(fill(4, 4, 1))
	}
	drain()
	require.LessOrEqual(t, len(s.spare), maxSpareBuckets)
}

// What has been served is not kept alive, but for the operand used last.
func TestShardForgetsTasks(t *testing.T) {
	s := newShelf()
	var tasks []weak.Pointer[Task]
	var data []weak.Pointer[float32]
	for i := range 100 {
		w := make([]float32, 64)
		var j job.Job = product(tensor.Matrix(w, 8, 8), 1, 1)
		if i%3 == 1 { // stands alone
			a := tensor.Batch(w, 4, 4, 4)
			j = &job.Matmul{A: a, B: a, C: tensor.Batch(make([]float32, 64), 4, 4, 4)}
		}
		task := s.task(t, j)
		tasks, data = append(tasks, weak.Make(task)), append(data, weak.Make(&w[0]))
		s.put(task, task)
	}
	s.absorb()
	e := s.engine
	e.MaxColumns = 64
	b := e.newBatch()
	for len(s.open) > 0 {
		b.lane, b.class, b.maxColumns, b.maxProblems = s.open[0], 1, 16, 5
		s.fill(b)
		e.recycle(b)
		b = e.newBatch()
	}
	runtime.GC()
	kept := 0
	for i := range tasks {
		require.Nil(t, tasks[i].Value(), "task %d", i)
		if data[i].Value() != nil {
			kept++
		}
	}
	require.LessOrEqual(t, kept, 1, "operands")
	runtime.KeepAlive(s)
	runtime.KeepAlive(b)
}

// The cost of a job does not depend on how many are queued.
func BenchmarkShard(b *testing.B) {
	for _, queued := range []int{100, 1_000_000} {
		for _, distinct := range []bool{false, true} {
			b.Run(fmt.Sprintf("queued=%d/distinct=%v", queued, distinct), func(b *testing.B) { churn(b, queued, distinct) })
		}
	}
}

// churn keeps a number of tasks queued: each round fills one batch and puts as
// many tasks back.
func churn(b *testing.B, queued int, distinct bool) {
	s := newShelf()
	weights := make([]float32, queued+15)
	proto := s.task(b, product(tensor.Matrix(weights[:16], 4, 4), 1, 1))
	tasks := make([]Task, queued)
	for i := range tasks {
		t := &tasks[i]
		t.Keep, t.Form, t.Plan, t.Units, t.Class, t.Arrived = true, proto.Form, proto.Plan, 1, 1, proto.Arrived
		if distinct {
			t.Form.A = tensor.Matrix(weights[i:i+16], 4, 4)
		}
		s.put(t, t)
	}
	s.absorb()
	batch := &Batch{engine: s.engine, class: 1, maxColumns: 64, maxProblems: 64}
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += len(batch.parts) {
		clear(batch.parts)
		batch.parts, batch.columns, batch.problems = batch.parts[:0], 0, 0
		batch.lane = s.open[0]
		s.fill(batch)
		for i := range batch.parts {
			t := batch.parts[i].task
			t.taken = 0
			s.put(t, t)
		}
		s.absorb()
	}
}
