//go:build darwin || linux

package mtl

// Queue is an MTLCommandQueue. Command buffers start in the order in which
// they are committed.
type Queue struct{ object }

// NewQueue opens a queue.
func (d *Device) NewQueue() (Queue, error) {
	var o id
	d.api.Pool(func() { o = d.api.send.id(d.id, d.api.sel[selNewCommandQueue]) })
	if o == 0 {
		return Queue{}, &Error{Op: "command queue", Text: "Metal made none"}
	}
	return Queue{object{d.api, o}}, nil
}

// NewCommandBuffer returns an empty command buffer that retains nothing. It
// needs an autorelease pool; the command buffer outlives it.
func (q Queue) NewCommandBuffer() (*CommandBuffer, error) {
	return q.newCommandBuffer(selCommandBufferUnretained)
}

// NewRetainingCommandBuffer returns an empty command buffer that retains what
// it uses until it has completed, also what Metal Performance Shaders make for
// it and leave to it. It needs an autorelease pool; the command buffer outlives
// it.
func (q Queue) NewRetainingCommandBuffer() (*CommandBuffer, error) {
	return q.newCommandBuffer(selCommandBuffer)
}

func (q Queue) newCommandBuffer(m selector) (*CommandBuffer, error) {
	o := q.api.send.id(q.id, q.api.sel[m])
	if o == 0 {
		return nil, &Error{Op: "command buffer", Text: "Metal made none"}
	}
	q.api.send.id(o, q.api.sel[selRetain])
	return &CommandBuffer{object{q.api, o}}, nil
}
