package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// clear removes a unix socket that is dead.
func (a Address) clear(ctx context.Context) error {
	dead, err := a.dead(ctx)
	if err != nil || !dead {
		return err
	}
	if err := os.Remove(a.where); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// dead reports whether there is a socket that nobody listens at, as a killed daemon
// leaves it. Anything else that is there is an error.
func (a Address) dead(ctx context.Context) (bool, error) {
	info, err := os.Lstat(a.where)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.Mode().Type() != fs.ModeSocket:
		return false, fmt.Errorf("%v: there is a file that is no socket", a)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", a.where)
	if err == nil {
		return false, errors.Join(a.taken(nil), c.Close())
	}
	return a.judge(err)
}

// judge tells by the error of a dial whether a socket is dead. A daemon that is busy,
// stopped or somebody else's must not lose it: only one error says that there is none.
func (a Address) judge(err error) (dead bool, _ error) {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return true, nil
	case errors.Is(err, fs.ErrNotExist): // it went meanwhile
		return false, nil
	}
	return false, a.taken(err)
}

// TakenError is a unix socket at which another process listens, or may listen.
type TakenError struct {
	Address Address
	Err     error // why nobody knows; nil: it listens
}

func (a Address) taken(err error) error { return &TakenError{a, err} }

func (e *TakenError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%v: another process listens there; allowed: a path of its own", e.Address)
	}
	return fmt.Sprintf("%v: another process may listen there: %v; allowed: a path of its own, or that the socket is removed first", e.Address, e.Err)
}

func (e *TakenError) Unwrap() error { return e.Err }
