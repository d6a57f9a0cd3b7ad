package server

import (
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// listener is told of jobs that have ended. It must not block.
type listener interface{ tell(answer) }

// answer is the end of a job: data of its result, or an error.
type answer struct {
	id    uint64
	data  []byte
	dtype tensor.DType
	dims  tensor.Dims
	err   error
}

// tensor returns the result with its shape.
func (a *answer) tensor() *pb.Tensor {
	t := &pb.Tensor{Dtype: wire.FromType(a.dtype), Memory: &pb.Tensor_Data{Data: a.data}}
	for _, d := range a.dims {
		t.Dims = append(t.Dims, int64(d))
	}
	return t
}

// entry is one job of a book.
type entry struct {
	book     *book
	listener listener // nil when nobody is there
	handle   job.Handle
	answer   answer    // once done
	regions  []*region // shared memory that the job uses
	done     bool      // it has ended, or was refused
	at       time.Time // when it was done
}

// refuse takes an entry out that was never run: it may be tried again.
func (e *entry) refuse(err error) { e.book.refuse(err, e) }

func (e *entry) refused(err error) {
	e.done = true
	delete(e.book.entries, e.answer.id)
	e.leaveRegions(false)
	if e.listener != nil {
		e.listener.tell(answer{id: e.answer.id, err: err})
	}
}

// run has the entry end with its job.
func (e *entry) run(h job.Handle, w *wire.Work) {
	e.book.mu.Lock()
	e.handle, e.answer.data, e.answer.dtype, e.answer.dims = h, w.Result, w.C.DType(), w.C.Dims()
	e.book.mu.Unlock()
	h.OnEnd(e.end)
}

// end is called where the device is run.
func (e *entry) end() {
	e.ended()
	e.book.kept.shrink()
}

func (e *entry) ended() {
	e.book.mu.Lock()
	defer e.book.mu.Unlock()
	e.finish(e.handle.Err())
}

func (e *entry) finish(err error) {
	e.done, e.at = true, time.Now()
	if e.answer.err = err; err != nil {
		e.answer.data = nil // the device may still write it
	}
	e.handle = job.Handle{} // which keeps all of the job
	e.leaveRegions(err != nil)
	if e.listener != nil {
		e.listener.tell(e.answer)
	}
	if e.book.entries[e.answer.id] == e { // it is not forgotten
		e.book.keep(e)
	}
}

// leaveRegions lets go of shared memory, which the device may still use if the
// job ended before its time.
func (e *entry) leaveRegions(used bool) {
	for _, r := range e.regions {
		r.leave(used)
	}
	e.regions = nil
}

func (e *entry) cancel(cause error) {
	e.book.mu.Lock()
	h, ok := e.handle, !e.done && e.handle != job.Handle{}
	e.book.mu.Unlock()
	if ok {
		h.CancelCause(cause) // calls end
	}
}
