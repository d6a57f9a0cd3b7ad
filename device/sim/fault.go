package sim

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
)

// Fault is what goes wrong with a batch. The zero Fault is nothing.
type Fault struct {
	kind  faultKind
	err   error
	value any
}

type faultKind uint8

const (
	faultNone faultKind = iota
	faultError
	faultErrorAfter
	faultHang
	faultLost
	faultPanic
)

// None lets the batch run.
func None() Fault { return Fault{} }

// Error fails the batch after its set time; nothing is computed.
func Error(err error) Fault { return Fault{kind: faultError, err: err} }

// ErrorAfter computes the batch and then reports that it failed.
func ErrorAfter(err error) Fault { return Fault{kind: faultErrorAfter, err: err} }

// OutOfMemory fails the batch with an error that wraps device.ErrOutOfMemory;
// nothing is computed.
func OutOfMemory() Fault {
	return Error(fmt.Errorf("sim: batch: %w", device.ErrOutOfMemory))
}

// Hang stops the queue at the batch. After Device.Release the batch runs as
// if nothing had happened, only late. After the queue's Close the batch and
// those behind it end with an error that wraps device.ErrLost; nothing is
// computed.
func Hang() Fault { return Fault{kind: faultHang} }

// Lost fails the batch and everything that is asked of the device later, but
// for Free and Close, with an error that wraps device.ErrLost. What is hanging
// hangs on.
func Lost() Fault {
	return Fault{kind: faultLost, err: fmt.Errorf("sim: %w", device.ErrLost)}
}

// Panic makes Commit panic with the value. The queue has not taken the batch:
// its Done is not called.
func Panic(value any) Fault { return Fault{kind: faultPanic, value: value} }
