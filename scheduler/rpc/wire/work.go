package wire

import (
	"math/bits"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// Finder finds what a message names without having it.
type Finder interface {
	// Operand returns an operand that the caller holds.
	Operand(id uint64) (tensor.View, error)
	// Named returns an operand that has a name.
	Named(name string) (tensor.View, error)
	// Shared returns memory that client and server share.
	Shared(m *pb.SharedMemory) ([]byte, error)
}

// Work is a job that came in a message.
type Work struct {
	Job job.Job
	// Result is where C is, without gaps, nil if the result goes to shared memory.
	Result []byte
	C      tensor.View

	matmul    job.Matmul
	softmax   job.Softmax
	attention job.Attention
}

// Reader turns messages into jobs.
type Reader struct {
	Find Finder
	// MaxResult bounds the result of one job, in bytes.
	MaxResult int
	// Now is when the messages came.
	Now time.Time
}

// Read fills in the work that a message asks for. The message's data belong to
// the work. The error wraps job.ErrInvalid or comes from Find.
func (r *Reader) Read(w *Work, m *pb.Job) error {
	o := job.Options{Tenant: m.GetTenant(), Wait: m.GetWait()}
	if len(o.Tenant) > maxTenant {
		return Invalid("tenant", "up to 256 bytes", "%d bytes", len(o.Tenant))
	}
	if p := m.GetPriority(); p < int32(job.Low) || p > int32(job.High) {
		return Invalid("priority", "-1, 0, 1", "%d", p)
	}
	o.Priority = job.Priority(m.GetPriority())
	t := m.GetTimeoutNs()
	if err := CheckTimeout(t); err != nil {
		return err
	}
	if t > 0 {
		o.Deadline = r.Now.Add(time.Duration(t))
	}
	switch k := m.GetWork().(type) {
	case *pb.Job_Matmul:
		w.matmul.Options, w.Job = o, &w.matmul
		return r.matmul(w, k.Matmul)
	case *pb.Job_Softmax:
		w.softmax.Options, w.Job = o, &w.softmax
		return r.softmax(w, k.Softmax)
	case *pb.Job_Attention:
		w.attention.Options, w.Job = o, &w.attention
		return r.attention(w, k.Attention)
	}
	return Invalid("work", "matmul, softmax or attention", "missing")
}

// CheckTimeout refuses a timeout_ns that makes no sense. Who is too late knows it
// before anything is sent.
func CheckTimeout(ns int64) error {
	if ns < 0 {
		return Invalid("timeout_ns", "0 for none, or more", "%d", ns)
	}
	return nil
}

const maxTenant = 256

func (r *Reader) softmax(w *Work, m *pb.Softmax) (err error) {
	j := &w.softmax
	if j.X, err = r.view("X", m.GetX()); err != nil {
		return err
	}
	j.Causal = m.GetCausal()
	if j.QueryOffset = int(m.GetQueryOffset()); int64(j.QueryOffset) != m.GetQueryOffset() {
		return Invalid("QueryOffset", "0 to 2^40", "%d", m.GetQueryOffset())
	}
	if m.GetY().GetShared() != nil {
		j.Y, err = r.view("Y", m.GetY())
	} else {
		j.Y, err = r.own(w, "Y", j.X.DType(), j.X.Dims())
	}
	w.C = j.Y
	return err
}

// own makes memory for a result, once it is known not to be too large.
func (r *Reader) own(w *Work, field string, dt tensor.DType, dims tensor.Dims) (tensor.View, error) {
	n, ok := sizeOf(dt, dims)
	if !ok || n > r.MaxResult {
		return tensor.View{}, TooLarge(field, "results of up to "+Bytes(r.MaxResult), "shape %v of %v", dims, dt)
	}
	w.Result = Memory(n)
	v := tensor.Part(base(w.Result), n, dt, dims, 0)
	return v, check(field, &v)
}

// sizeOf returns the bytes of a tensor without gaps; ok is false on overflow.
func sizeOf(dt tensor.DType, dims tensor.Dims) (n int, ok bool) {
	product := uint64(dt.Size())
	for _, d := range dims {
		hi, lo := bits.Mul64(product, uint64(d))
		if hi != 0 || lo > most {
			return 0, dims[0] == 0 || dims[1] == 0 || dims[2] == 0
		}
		product = lo
	}
	return int(product), true
}

// view returns what a message describes, wherever it is.
func (r *Reader) view(field string, t *pb.Tensor) (tensor.View, error) {
	switch m := t.GetMemory().(type) {
	case *pb.Tensor_Data:
		return Lay(field, t, m.Data)
	case *pb.Tensor_Operand:
		whole, err := r.Find.Operand(m.Operand)
		if err != nil {
			return whole, err
		}
		return Part(field, t, whole)
	case *pb.Tensor_Name:
		whole, err := r.Find.Named(m.Name)
		if err != nil {
			return whole, err
		}
		return Part(field, t, whole)
	case *pb.Tensor_Shared:
		memory, err := r.Find.Shared(m.Shared)
		if err != nil {
			return tensor.View{}, err
		}
		return Lay(field, t, memory)
	}
	return tensor.View{}, Invalid(field, "data, an operand, a name or shared memory", "missing")
}
