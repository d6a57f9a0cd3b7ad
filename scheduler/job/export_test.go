package job

import "sync"

// ForgetWaiters empties the pool of waiters: the channels of a synctest bubble
// must not leave it, nor others come in.
func ForgetWaiters() { waiters = sync.Pool{New: waiters.New} }
