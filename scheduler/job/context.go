package job

import (
	"context"
	"errors"
	"fmt"
)

// CheckContext refuses nil, as everything here does that takes a context: nothing
// was begun then, nor waited for.
func CheckContext(ctx context.Context) error {
	if ctx == nil {
		return &InvalidError{Field: "context", Got: "nil", Allowed: "a context"}
	}
	return nil
}

// Ending returns how a job ends whose context has ended.
func Ending(ctx context.Context) (Outcome, error) {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Expired, fmt.Errorf("%w: %w", ErrExpired, cause)
	}
	return Cancelled, fmt.Errorf("%w: %w", ErrCancelled, cause)
}
