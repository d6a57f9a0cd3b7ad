package gpu

import (
	"errors"
	"fmt"
	"sync"

	"github.com/metallic-sched/metallic-sched/device"
)

// Flights makes values once for each key, however many ask at the same time,
// until Drain. Errors are not kept. The zero Flights is ready to use.
type Flights[K comparable, V any] struct {
	mu      sync.Mutex
	landed  map[K]V
	flying  map[K]*flight[V]
	release func(V) // set by Drain
}

// flight is a value in the making. value and err are set when done is closed.
type flight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// What is said to those who wait, or ask, for a value that there will not be.
var (
	errPanicked = errors.New("the one who made it panicked")
	errDrained  = fmt.Errorf("it was given up: %w", device.ErrClosed)
)

// Get returns the value of a key, which is made by the first who asks. A panic of
// create's is that caller's; the others get an error. After Drain, and where it
// came meanwhile, Get fails with an error that wraps device.ErrClosed.
func (f *Flights[K, V]) Get(key K, create func() (V, error)) (value V, err error) {
	f.mu.Lock()
	if f.release != nil {
		f.mu.Unlock()
		return value, errDrained
	}
	if v, ok := f.landed[key]; ok {
		f.mu.Unlock()
		return v, nil
	}
	if other, ok := f.flying[key]; ok {
		f.mu.Unlock()
		<-other.done
		return other.value, other.err
	}
	own := &flight[V]{done: make(chan struct{}), err: errPanicked}
	if f.flying == nil {
		f.flying, f.landed = map[K]*flight[V]{}, map[K]V{}
	}
	f.flying[key] = own
	f.mu.Unlock()
	f.fly(key, own, create)
	return own.value, own.err
}

// fly ends the flight whatever create does.
func (f *Flights[K, V]) fly(key K, own *flight[V], create func() (V, error)) {
	defer f.land(key, own)
	own.value, own.err = create()
}

// land keeps a value for those who ask later, or releases it if nobody will.
func (f *Flights[K, V]) land(key K, own *flight[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer close(own.done)
	delete(f.flying, key)
	switch {
	case own.err != nil:
	case f.release == nil:
		f.landed[key] = own.value
	default:
		f.release(own.value)
		own.value, own.err = *new(V), errDrained
	}
}

// Drain releases all values and makes no more. Those in the making are released
// when they are made, by who makes them.
func (f *Flights[K, V]) Drain(release func(V)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release = release
	for _, v := range f.landed {
		release(v)
	}
	f.landed = nil
}
