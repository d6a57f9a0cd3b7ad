package tensor

// Resident is the identity of an operand that a scheduler has loaded: views
// with the same Resident lie over the same operand, whatever memory a device
// keeps it in. Owner belongs to the scheduler that made it.
type Resident struct {
	ID    uint64
	Owner any
}

// Of returns v as a view of the operand r.
func (r *Resident) Of(v View) View {
	v.resident = r
	return v
}
