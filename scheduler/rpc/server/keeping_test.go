package server

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The heap names a book of the tenant that a plain count finds to keep most, and of
// that tenant the one that keeps most.
func TestPayerKeepsMost(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	kept := newKeeping(50)
	var books []*book
	for i := range 12 {
		books = append(books, newBook(&Limits{}, fmt.Sprint(i%4), kept))
	}
	for range 1000 {
		b := books[random.IntN(len(books))]
		n := random.Int64N(20)
		if random.IntN(2) == 0 {
			n = -min(n, b.keeps.bytes)
		}
		kept.add(b, n)
		all, tenants := int64(0), map[string]int64{}
		for _, b := range books {
			all += b.keeps.bytes
			tenants[b.owner] += b.keeps.bytes
		}
		p := kept.payer()
		require.Equal(t, all, kept.load())
		require.Equal(t, all > kept.most, p != nil)
		if p == nil {
			continue
		}
		for _, b := range books {
			require.LessOrEqual(t, tenants[b.owner], tenants[p.owner])
			if b.owner == p.owner {
				require.LessOrEqual(t, b.keeps.bytes, p.keeps.bytes)
			}
		}
	}
}

// Books that pay for one another wait for nobody, and what is kept is what is counted.
func TestKeepingAtOnce(t *testing.T) {
	kept := newKeeping(1000)
	var books []*book
	var all sync.WaitGroup
	for i := range 8 {
		b := newBook(&Limits{KeptJobs: 20}, fmt.Sprint(i/2), kept)
		books = append(books, b)
		all.Go(func() {
			var h heard
			for id := uint64(1); id <= 200; id++ {
				end(life(b.open(id, false, visit{listener: &h}), 20*i))
				b.forget(id / 2)
			}
		})
	}
	all.Wait()
	sum := int64(0)
	for _, b := range books {
		for _, e := range b.ended[b.head:] {
			sum += int64(len(e.answer.data))
		}
	}
	require.Equal(t, sum, kept.load())
	require.LessOrEqual(t, sum, kept.most)
}
