package device

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// Cache keeps the pipelines of a device that were used last. Its methods may
// be called from any goroutine. A pipeline that is evicted stays usable for
// those who hold it.
type Cache struct {
	device Device

	mu      sync.Mutex
	lru     *simplelru.LRU[kernels.Key, Pipeline]
	flights map[kernels.Key]*flight
	stats   CacheStats
}

// CacheStats count what a Cache has done. Hits + Misses is the number of
// pipelines asked for.
type CacheStats struct {
	Hits, Misses, Evictions uint64
	Compiles                uint64        // calls of Device.Compile, failed ones too
	CompileTime             time.Duration // the sum over Compiles
}

// flight is a compilation that others may wait for. pipeline and err are set
// when done is closed.
type flight struct {
	done     chan struct{}
	pipeline Pipeline
	err      error
}

// NewCache returns an empty cache for up to capacity pipelines, at least 1.
func NewCache(d Device, capacity int) *Cache {
	lru, err := simplelru.NewLRU[kernels.Key, Pipeline](max(capacity, 1), nil)
	if err != nil {
		panic(err) // only for a capacity below 1
	}
	return &Cache{device: d, lru: lru, flights: map[kernels.Key]*flight{}}
}

// Lookup returns the pipeline of a key if it is cached; that counts as a hit,
// the opposite as nothing. It never compiles, waits or allocates.
func (c *Cache) Lookup(key kernels.Key) (Pipeline, bool) {
	c.mu.Lock()
	p, ok := c.lru.Get(key)
	if ok {
		c.stats.Hits++
	}
	c.mu.Unlock()
	return p, ok
}

// Get returns the pipeline of a key and whether it was cached. If not, Get
// compiles it, once however many ask at the same time; all of them miss. An
// error is given to those who asked meanwhile and is not kept. A compiler that
// panics is an error.
func (c *Cache) Get(key kernels.Key) (p Pipeline, hit bool, err error) {
	c.mu.Lock()
	if p, ok := c.lru.Get(key); ok {
		c.stats.Hits++
		c.mu.Unlock()
		return p, true, nil
	}
	c.stats.Misses++
	f, waiting := c.flights[key]
	if !waiting {
		f = &flight{done: make(chan struct{})}
		c.flights[key] = f
	}
	c.mu.Unlock()

	if waiting {
		<-f.done
	} else {
		c.compile(key, f)
	}
	return f.pipeline, false, f.err
}

// compile ends the flight whatever the compiler does.
func (c *Cache) compile(key kernels.Key, f *flight) {
	start := time.Now()
	f.err = errors.New("the compiler did not return")
	defer func() {
		if cause := recover(); cause != nil {
			f.pipeline, f.err = nil, fmt.Errorf("compile %v: panic: %v", key, cause)
		}
		c.land(key, f, time.Since(start))
	}()
	f.pipeline, f.err = c.device.Compile(key)
}

func (c *Cache) land(key kernels.Key, f *flight, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Compiles++
	c.stats.CompileTime += took
	delete(c.flights, key)
	if f.err == nil && c.lru.Add(key, f.pipeline) {
		c.stats.Evictions++
	}
	close(f.done)
}

// Stats returns what the cache has done so far.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}
