package loadtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Mix is the kinds of jobs that a load consists of.
type Mix struct {
	Kinds []Kind
	upto  []float64 // shares, summed up
}

// NewMix checks the kinds.
func NewMix(kinds []Kind) (Mix, error) {
	m := Mix{Kinds: kinds}
	sum := 0.0
	for i := range kinds {
		if err := kinds[i].check(); err != nil {
			return Mix{}, fmt.Errorf("loadtest: mix: %s: %w", kinds[i].Name, err)
		}
		if !(kinds[i].Share >= 0) || math.IsInf(kinds[i].Share, 0) {
			return Mix{}, fmt.Errorf("loadtest: mix: %s: share is %v; allowed: 0 and more", kinds[i].Name, kinds[i].Share)
		}
		sum += kinds[i].Share
		m.upto = append(m.upto, sum)
	}
	if !(sum > 0) {
		return Mix{}, fmt.Errorf("loadtest: mix: there is nothing in it")
	}
	return m, nil
}

// Send is one job that is due.
type Send struct {
	At       time.Duration // from the start
	Kind     int           // of the mix
	Tenant   string
	Operand  int // of the kind
	Priority job.Priority
	Deadline time.Duration // after At; 0 for none
	Cancel   time.Duration // after which it is cancelled; 0 for never
	Poison   bool
	Invalid  bool
	Dice     uint64 // for what else is chosen
}

// draw chooses a job.
func (m *Mix) draw(dice *rand.Rand) Send {
	kind := sort.SearchFloat64s(m.upto, dice.Float64()*m.upto[len(m.upto)-1])
	for m.Kinds[kind].Share == 0 { // a share that ends where the next begins
		kind++
	}
	return m.drawOf(kind, dice)
}

// drawOf chooses a job of a kind.
func (m *Mix) drawOf(kind int, dice *rand.Rand) Send {
	k := &m.Kinds[kind]
	s := Send{
		Kind: kind, Tenant: k.Tenants[dice.IntN(len(k.Tenants))], Operand: dice.IntN(k.Operands),
		Priority: k.Priority, Deadline: k.Deadline, Dice: dice.Uint64(),
	}
	if c := dice.Float64(); c < k.Cancel {
		s.Cancel = 1 + time.Duration(dice.Float64()*float64(k.CancelAfter))
	}
	s.Invalid = dice.Float64() < k.Invalid
	s.Poison = dice.Float64() < k.Poison && !s.Invalid
	return s
}
