package wire_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// oneOperand is a server with one operand of 4x4 and nothing else.
type oneOperand struct{}

func (oneOperand) Operand(uint64) (tensor.View, error) {
	r := &tensor.Resident{ID: 1}
	return r.Of(tensor.Window(nil, 64, tensor.F32, tensor.Dims{1, 4, 4}, tensor.Dims{16, 4, 1}, 0)), nil
}

func (o oneOperand) Named(string) (tensor.View, error) { return o.Operand(1) }

func (oneOperand) Shared(m *pb.SharedMemory) ([]byte, error) { return make([]byte, 64), nil }

// FuzzRead: whatever comes is refused, or is a job whose every element lies in
// memory that was given, with a result within the limit.
func FuzzRead(f *testing.F) {
	data := func(dims ...int64) *pb.Tensor {
		n := int64(4)
		for _, d := range dims {
			n *= d
		}
		return &pb.Tensor{Dims: dims, Memory: &pb.Tensor_Data{Data: make([]byte, n)}}
	}
	beta := float32(2)
	operand := &pb.Tensor{Memory: &pb.Tensor_Operand{Operand: 1}}
	slice := &pb.Tensor{Memory: &pb.Tensor_Name{Name: "w"}, Dims: []int64{2, 2}, Strides: []int64{4, 1}, Offset: 5}
	shared := &pb.Tensor{Memory: &pb.Tensor_Shared{Shared: &pb.SharedMemory{Region: 1, Length: 64}}, Dims: []int64{4, 4}}
	for _, m := range []*pb.Job{
		{Work: &pb.Job_Matmul{Matmul: &pb.Matmul{A: operand, B: data(4, 2), C: data(4, 2), Beta: &beta, Bias: data(1, 2)}}},
		{Work: &pb.Job_Matmul{Matmul: &pb.Matmul{A: slice, B: data(2, 3), TransA: true}}, Priority: 1, TimeoutNs: 5},
		{Work: &pb.Job_Matmul{Matmul: &pb.Matmul{A: shared, B: shared, C: shared}}},
		{Work: &pb.Job_Softmax{Softmax: &pb.Softmax{X: data(3, 4), Causal: true, QueryOffset: 2}}, Tenant: "t"},
		{Work: &pb.Job_Attention{Attention: &pb.Attention{Q: data(4, 3, 2), K: data(2, 5, 2), V: data(2, 5, 1), Causal: true, QueryOffset: -2}}},
		{Work: &pb.Job_Attention{Attention: &pb.Attention{Q: shared, K: operand, V: slice, O: shared, Scale: 2}}},
	} {
		b, err := proto.Marshal(m)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &pb.Job{}
		if proto.Unmarshal(b, m) != nil {
			return
		}
		const limit = 1 << 16
		r := wire.Reader{Find: oneOperand{}, MaxResult: limit, Now: time.Unix(1000, 0)}
		w := wire.Work{}
		if r.Read(&w, m) != nil {
			return
		}
		require.LessOrEqual(t, len(w.Result), limit)
		var form job.Form
		if w.Job.Arrange(&form, func(bool, bool) (bool, string) { return false, "" }) != nil {
			return
		}
		for _, v := range []*tensor.View{&form.A, &form.B, &form.C, &form.Bias} {
			require.NoError(t, v.Err())
			if v.Resident() == nil && v.Len() > 0 {
				inside(t, v)
			}
		}
	})
}

// inside reads the first element and the last.
func inside(t *testing.T, v *tensor.View) {
	d := v.Dims()
	last := v.Offset() + (d[0]-1)*v.Strides()[0] + (d[1]-1)*v.Strides()[1] + (d[2]-1)*v.Strides()[2]
	require.LessOrEqual(t, (last+1)*v.DType().Size(), v.Bytes())
	_ = v.Value(0, 0, 0) + v.Value(d[0]-1, d[1]-1, d[2]-1)
}

// FuzzView: a view is the same on the other side.
func FuzzView(f *testing.F) {
	f.Add(uint8(1), uint8(2), uint8(3), uint8(6), uint8(3), uint8(1), uint8(0), uint8(0))
	f.Add(uint8(2), uint8(3), uint8(4), uint8(50), uint8(1), uint8(9), uint8(7), uint8(1))
	f.Fuzz(func(t *testing.T, b, r, c, sb, sr, sc, offset, kind uint8) {
		dt := tensor.DTypes[int(kind)%len(tensor.DTypes)]
		memory := wire.Memory(1 << 12)
		for i := range memory {
			memory[i] = byte(i*7) &^ 0x40 // no NaN
		}
		v := tensor.Bytes(memory, dt, 1, 1, len(memory)/dt.Size()).Strided(
			tensor.Dims{int(b % 8), int(r % 8), int(c % 8)}, tensor.Dims{int(sb), int(sr), int(sc)}, int(offset))
		if v.Err() != nil {
			return
		}
		m := &pb.Tensor{}
		wire.Send(m, &v)
		got, err := wire.Lay("A", m, m.GetData())
		require.NoError(t, err)
		require.Equal(t, v.DType(), got.DType())
		require.Equal(t, v.Dims(), got.Dims())
		for i := range v.Dims()[0] {
			for j := range v.Dims()[1] {
				for k := range v.Dims()[2] {
					require.Equal(t, v.Value(i, j, k), got.Value(i, j, k))
				}
			}
		}
	})
}
