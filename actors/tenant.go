package actors

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// tenant is what the actors know of a tenant. Like everything about fairness
// it belongs to the loop's owner.
type tenant struct {
	policy.Share
	account *job.Account // nil: nobody's
	served  time.Time    // when a batch with jobs of it was last formed or ended
	open    int          // flows in which something waits
	flow    *flow        // used last
	claim   *claim       // likewise
}

// tenants are all that were ever seen; an account keeps its own.
type tenants struct {
	clock   policy.Clock
	weights map[string]float64 // 1 for those that are not there
	nobody  tenant             // of tasks without an account
	last    *tenant            // asked for last
}

func newTenants(weights map[string]float64) *tenants {
	ts := &tenants{weights: weights, nobody: tenant{Share: policy.NewShare(1)}}
	ts.last = &ts.nobody
	return ts
}

// of returns an account's tenant.
func (ts *tenants) of(a *job.Account) *tenant {
	if a != ts.last.account {
		ts.last = ts.find(a)
	}
	return ts.last
}

func (ts *tenants) find(a *job.Account) *tenant {
	if a == nil {
		return &ts.nobody
	}
	if who, ok := a.Keep.(*tenant); ok {
		return who
	}
	who := &tenant{Share: policy.NewShare(ts.weight(a.Tenant)), account: a}
	a.Keep = who
	return who
}

func (ts *tenants) weight(name string) float64 {
	if w, ok := ts.weights[name]; ok {
		return w
	}
	return 1
}

// bill makes good what a tenant was charged when its units were handed out:
// ahead for each, by the prediction. A nil tenant is nobody.
func (who *tenant) bill(units int, each, ahead float64, ended time.Time) {
	if who == nil {
		return
	}
	who.account.Charge(time.Duration(each * float64(units)))
	who.Charge((each - ahead) * float64(units))
	if ended.After(who.served) {
		who.served = ended
	}
}
