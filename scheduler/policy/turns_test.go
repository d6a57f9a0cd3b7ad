package policy

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestTurnsAgainstSorting compares with a list that is searched from end to
// end. Tenants are charged behind the back of both.
func TestTurnsAgainstSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shares := make([]Share, rapid.IntRange(1, 6).Draw(t, "tenants"))
		for i := range shares {
			shares[i] = NewShare(float64(i%3 + 1))
		}
		var q Turns[int]
		var dumb []turn[int] // in the order of pushing
		first := func() int {
			return slices.IndexFunc(dumb, func(x turn[int]) bool {
				return !slices.ContainsFunc(dumb, func(y turn[int]) bool { return y.share.used < x.share.used })
			})
		}
		pushed := 0
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				require.Equal(t, len(dumb), q.Len())
				item, ok := q.First()
				require.Equal(t, len(dumb) > 0, ok)
				if ok {
					require.Equal(t, dumb[first()].item, item)
				}
			},
			"push": func(t *rapid.T) {
				s := &shares[rapid.IntRange(0, len(shares)-1).Draw(t, "tenant")]
				q.Push(s, pushed)
				dumb = append(dumb, turn[int]{share: s, item: pushed})
				pushed++
			},
			"charge": func(t *rapid.T) {
				s := &shares[rapid.IntRange(0, len(shares)-1).Draw(t, "tenant")]
				s.Charge(float64(rapid.IntRange(0, 6).Draw(t, "by")))
			},
			"drop": func(t *rapid.T) {
				if len(dumb) == 0 { // nothing to do in this state: the next step
					return
				}
				q.First()
				q.Drop()
				i := first()
				dumb = slices.Delete(dumb, i, i+1)
			},
		})
	})
}

// TestTurnsWithRefunds: a tenant that was given time back comes up no later
// than if it had not been, and nothing is lost.
func TestTurnsWithRefunds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Turns[int]
		shares, refunds := make([]Share, 5), make([]Virtual, 5)
		for i := range shares {
			shares[i] = NewShare(1)
			q.Push(&shares[i], i)
		}
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			i := rapid.IntRange(0, len(shares)-1).Draw(t, "tenant")
			by := float64(rapid.IntRange(-5, 10).Draw(t, "by"))
			shares[i].Charge(by)
			refunds[i] += Virtual(max(-by, 0))
			first, _ := q.First()
			for j := range shares {
				require.LessOrEqual(t, shares[first].Used(), shares[j].Used()+refunds[j])
			}
		}
		left := map[int]bool{}
		for q.Len() > 0 {
			first, _ := q.First()
			q.Drop()
			left[first] = true
		}
		require.Len(t, left, len(shares))
	})
}

func TestTurnsDoNotAllocate(t *testing.T) {
	var one, many Turns[*int]
	s := make([]Share, 100)
	for i := range s {
		s[i] = NewShare(1)
		many.Push(&s[i], new(int))
	}
	item := new(int)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		one.Push(&s[0], item)
		one.First()
		one.Drop()
	}))
	i := 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		first, _ := many.First()
		many.Drop()
		i++
		s[i%100].Charge(3)
		many.Push(&s[i%100], first)
	}))
}

// BenchmarkTurns is a job of one of n tenants that always wait.
func BenchmarkTurns(b *testing.B) {
	for _, n := range []int{1, 2, 100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var q Turns[*Share]
			s := make([]Share, n)
			for i := range s {
				s[i] = NewShare(1)
				q.Push(&s[i], &s[i])
			}
			b.ReportAllocs()
			for b.Loop() {
				first, _ := q.First()
				first.Charge(100)
			}
		})
	}
}
