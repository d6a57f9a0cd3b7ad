package gpu

import "sync"

// Flights makes values once for each key, however many ask at the same time.
// Errors are not kept. The zero Flights is ready to use.
type Flights[K comparable, V any] struct {
	mu     sync.Mutex
	landed map[K]V
	flying map[K]*flight[V]
}

// flight is a value in the making. value and err are set when done is closed.
type flight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// Get returns the value of a key, which is made by the first who asks.
func (f *Flights[K, V]) Get(key K, create func() (V, error)) (V, error) {
	f.mu.Lock()
	if v, ok := f.landed[key]; ok {
		f.mu.Unlock()
		return v, nil
	}
	if other, ok := f.flying[key]; ok {
		f.mu.Unlock()
		<-other.done
		return other.value, other.err
	}
	own := &flight[V]{done: make(chan struct{})}
	if f.flying == nil {
		f.flying, f.landed = map[K]*flight[V]{}, map[K]V{}
	}
	f.flying[key] = own
	f.mu.Unlock()

	own.value, own.err = create()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.flying, key)
	if own.err == nil {
		f.landed[key] = own.value
	}
	close(own.done)
	return own.value, own.err
}

// Drain forgets all values. None may be in the making.
func (f *Flights[K, V]) Drain(release func(V)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range f.landed {
		release(v)
	}
	f.landed = nil
}
