//go:build darwin || linux

package mtl

// ResidencySet is an MTLResidencySet: memory that Metal keeps ready for the
// GPU, also while nothing uses it. It belongs to one goroutine at a time.
type ResidencySet struct{ object }

// NewResidencySet makes an empty set, if Device.ResidencySets says that there
// are any.
func (d *Device) NewResidencySet() (set ResidencySet, err error) {
	a := d.api
	a.Pool(func() {
		descriptor := a.new(a.classes.residencyDescriptor)
		defer a.release(descriptor)
		var failed id
		o := a.send.newFrom(d.id, a.sel[selNewResidencySet], descriptor, &failed)
		if o == 0 {
			err = a.failure("residency set", failed)
			return
		}
		set = ResidencySet{object{a, o}}
	})
	return set, err
}

// Add adds a buffer from the next Commit on.
func (s ResidencySet) Add(b Buffer) { s.api.send.voidID(s.id, s.api.sel[selAddAllocation], b.id) }

// Remove removes a buffer at the next Commit.
func (s ResidencySet) Remove(b Buffer) {
	s.api.send.voidID(s.id, s.api.sel[selRemoveAllocation], b.id)
}

// Commit makes the changes count.
func (s ResidencySet) Commit() { s.pooled(selCommit) }

// Request makes the memory of the set resident now.
func (s ResidencySet) Request() { s.pooled(selRequestResidency) }

// End lets go of the memory.
func (s ResidencySet) End() { s.pooled(selEndResidency) }

// Attach makes all command buffers of the queue use the set.
func (q Queue) Attach(s ResidencySet) { q.pooled(selAddResidencySet, s) }

// Detach undoes Attach.
func (q Queue) Detach(s ResidencySet) { q.pooled(selRemoveResidencySet, s) }

// pooled sends a message with a pool for what Metal makes on the way: buffers
// come and go on threads that have none.
func (s ResidencySet) pooled(m selector) { s.api.Pool(func() { s.api.send.void(s.id, s.api.sel[m]) }) }

func (q Queue) pooled(m selector, s ResidencySet) {
	q.api.Pool(func() { q.api.send.voidID(q.id, q.api.sel[m], s.id) })
}
