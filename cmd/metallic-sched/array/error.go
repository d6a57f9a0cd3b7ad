package array

import "fmt"

// Error says what is wrong with a file or a tensor of it, and what is allowed.
type Error struct {
	Place   string // the file, and the tensor in it if there are several
	What    string // the property that is wrong, such as "dtype"
	Got     string
	Allowed string
	Cause   error // or nil
}

func (e *Error) Error() string {
	text := fmt.Sprintf("array: %s: %s is %s", e.Place, e.What, e.Got)
	if e.Allowed != "" {
		text += "; allowed: " + e.Allowed
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func wrong(place, what, allowed, format string, args ...any) error {
	return &Error{Place: place, What: what, Got: fmt.Sprintf(format, args...), Allowed: allowed}
}

// failed wraps an error of the file itself.
func failed(place string, err error) error { return fmt.Errorf("array: %s: %w", place, err) }
