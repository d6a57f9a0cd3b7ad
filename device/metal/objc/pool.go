//go:build darwin || linux

package objc

import "runtime"

// Pool calls f with an autorelease pool in place and drains it when f has
// returned or panicked. Pools belong to an OS thread, so the goroutine stays on
// its own until then. Borrowed objects that must live longer have to be
// retained in f. Pools may be nested.
func (r *Runtime) Pool(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pool := r.poolPush()
	defer r.poolPop(pool)
	f()
}
