// Package shm is memory that two processes of one machine share. The server
// makes it, in a size that nobody can change, and hands its descriptor over a
// unix socket.
package shm

import "errors"

// ErrUnsupported: the operating system has no memory whose size can be sealed.
var ErrUnsupported = errors.New("shm: shared memory needs Linux")
