package metrics

// Recorder takes a Decision for every batch. Record may be called from any
// goroutine and never blocks; it copies what it keeps, so that the caller may
// reuse d. A Recorder that also wants Events is a Tracer.
type Recorder interface {
	Record(d *Decision)
}

// Tracer takes Events, under the promises of Recorder.
type Tracer interface {
	Trace(e *Event)
}

// Discard records nothing.
type Discard struct{}

// Record does nothing.
func (Discard) Record(*Decision) {}

// Multi records to each of its recorders, in order, and traces to those that
// are Tracers.
type Multi []Recorder

// Record gives d to every recorder.
func (m Multi) Record(d *Decision) {
	for _, r := range m {
		r.Record(d)
	}
}

// Trace gives e to every recorder that is a Tracer.
func (m Multi) Trace(e *Event) {
	for _, r := range m {
		if t, ok := r.(Tracer); ok {
			t.Trace(e)
		}
	}
}
