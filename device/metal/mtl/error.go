//go:build darwin || linux

package mtl

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// CommandErrors is the domain of errors of command buffers; their codes are
// the Code... constants.
const CommandErrors = "MTLCommandBufferErrorDomain"

// The codes of errors of command buffers, as Metal's headers give them.
const (
	CodeInternal        = 1
	CodeTimeout         = 2
	CodePageFault       = 3
	CodeAccessRevoked   = 4
	CodeNotPermitted    = 7
	CodeOutOfMemory     = 8
	CodeInvalidResource = 9
	CodeMemoryless      = 10
	CodeDeviceRemoved   = 11
	CodeStackOverflow   = 12
)

// Error is an NSError in Metal's own words.
type Error struct {
	Op     string // what was asked for
	Domain string
	Code   int
	Text   string
}

func (e *Error) Error() string {
	if e.Domain == "" {
		return fmt.Sprintf("mtl: %s: %s", e.Op, e.Text)
	}
	return fmt.Sprintf("mtl: %s: %s (%s, code %d)", e.Op, e.Text, e.Domain, e.Code)
}

// failure reads an NSError, which is borrowed: the pool it was made in must
// still be there. Metal sets errors for mere warnings, too: ask only when there
// is no result.
func (a *API) failure(op string, e objc.ID) error {
	if e == 0 {
		return &Error{Op: op, Text: "it failed and gave no reason"}
	}
	return &Error{
		Op:     op,
		Domain: a.text(a.send.id(e, a.sel[selDomain])),
		Code:   a.send.int(e, a.sel[selCode]),
		Text:   a.text(a.send.id(e, a.sel[selLocalizedDescription])),
	}
}
