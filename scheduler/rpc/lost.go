package rpc

import (
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// lost returns a *job.RestartedError about an operand or shared memory that a call
// names and the server has no more; nil if there is none.
func (x *call) lost() error {
	for _, u := range x.uses {
		if u.contents.gone.Load() {
			return &job.RestartedError{Field: x.field(u.tensor), Operand: u.operand}
		}
	}
	for _, r := range x.regions {
		if r.gone.Load() {
			return &job.RestartedError{}
		}
	}
	return nil
}

// field returns what a job calls one of its tensors.
func (x *call) field(tensor int) string {
	switch x.message.Work.(type) {
	case *pb.Job_Softmax:
		return [...]string{"X", "Y", "", ""}[tensor]
	case *pb.Job_Attention:
		return [...]string{"Q", "K", "O", "V"}[tensor]
	}
	return [...]string{"A", "B", "C", "Bias"}[tensor]
}
