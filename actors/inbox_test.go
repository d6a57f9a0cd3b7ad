package actors

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInboxKeepsTheOrderOfEverySender(t *testing.T) {
	const senders, each = 8, 3000
	var in inbox
	wakes := make(chan struct{}, senders*each)
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := 0; i < each; {
				n := min(1+i%4, each-i) // chains of one to four
				var newest, oldest *Task
				for range n {
					task := &Task{Class: s, Units: i}
					if task.next = newest; oldest == nil {
						oldest = task
					}
					newest, i = task, i+1
				}
				if in.put(newest, oldest) {
					wakes <- struct{}{}
				}
			}
		})
	}
	var next [senders]int
	for taken := 0; taken < senders*each; {
		<-wakes // every task is announced by itself or by one before it
		for task := in.take(); task != nil; task = task.next {
			require.Equal(t, next[task.Class], task.Units, "sender %d", task.Class)
			next[task.Class]++
			taken++
		}
	}
	all.Wait()
	require.Nil(t, in.take())
}
