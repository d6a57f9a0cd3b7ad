package loadtest

import (
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// auditOf asks a Doer that keeps books for its balance.
func auditOf(d job.Doer) *job.Audit {
	if a, ok := d.(interface{ Audit() job.Audit }); ok {
		audit := a.Audit()
		return &audit
	}
	return nil
}

// audit compares the Doer's books with what was sent.
func (r *Runner) audit(end *RunEnd, before *job.Audit) {
	after := auditOf(r.cfg.Doer)
	if before == nil || after == nil {
		return
	}
	d := job.Audit{
		Submitted: after.Submitted - before.Submitted, Done: after.Done - before.Done,
		Failed: after.Failed - before.Failed, Cancelled: after.Cancelled - before.Cancelled,
		Expired: after.Expired - before.Expired, Rejected: after.Rejected - before.Rejected,
		InFlight: after.InFlight, Bytes: after.Bytes,
	}
	end.Audit = &d
	var wrong []string
	compare := func(name string, books, least, most int64) {
		if books < least || books > most {
			wrong = append(wrong, fmt.Sprintf("%s: the books say %d, %d were seen", name, books, most))
		}
	}
	if !d.Balances() {
		wrong = append(wrong, "it does not balance")
	}
	o := r.checks.total
	lost := o.Lost() + o.Cancelled // accepted or not, depending on when
	compare("done", d.Done, o.Done, o.Done)
	compare("in flight", d.InFlight, 0, 0)
	compare("rejected", d.Rejected, o.Malformed, o.Malformed+lost)
	compare("ended", d.Submitted-d.InFlight, o.Done+o.Malformed+lost, o.Done+o.Malformed+lost)
	end.AuditWrong = strings.Join(wrong, "; ")
}
