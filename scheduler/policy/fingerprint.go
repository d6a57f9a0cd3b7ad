package policy

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Fingerprint is what jobs have in common that would fail alike: the loaded
// operand, the kernel, the shape. It names the tenant, so that nobody's jobs
// are refused for what a stranger's did.
type Fingerprint struct {
	Tenant  string
	Operand uint64 // of the scheduler's loaded ones, 0 for none
	Key     kernels.Key
	Shape   kernels.Shape
}

// FingerprintOf returns the fingerprint of a checked job.
func FingerprintOf(tenant string, f *job.Form, plan *kernels.Plan) Fingerprint {
	fp := Fingerprint{Tenant: tenant, Key: plan.Key, Shape: plan.Problem.Shape}
	for _, v := range [...]*tensor.View{&f.A, &f.B} {
		if r := v.Resident(); r != nil {
			fp.Operand = r.ID
			break
		}
	}
	return fp
}
