package tensor

import "fmt"

// Error says what is wrong with a view and what is allowed. Nothing behind a
// view that carries one is ever read or written.
type Error struct {
	What    string // the property that is wrong, such as "rows"
	Got     string
	Allowed string
}

func (e *Error) Error() string {
	return fmt.Sprintf("tensor: %s is %s; allowed: %s", e.What, e.Got, e.Allowed)
}

func bad(what, allowed, format string, args ...any) View {
	return View{err: &Error{What: what, Got: fmt.Sprintf(format, args...), Allowed: allowed}}
}

// NotLoaded returns the view of an operand that there is not: an error wherever it is
// used, unlike the zero View, which stands for what may be left out.
func NotLoaded() View { return bad("operand", "one that was loaded without an error", "nil") }
