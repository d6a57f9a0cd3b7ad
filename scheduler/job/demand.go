package job

import (
	"math"
	"strconv"
)

// Demand is what jobs take together of Limits. Its bytes stop at more than
// mostBytes, which no limit admits: leases give back what each job takes, so a sum
// that is admitted must be theirs.
type Demand struct{ Jobs, Bytes int64 }

const mostBytes = math.MaxInt64 - 1

// Add adds one job of a tenant's.
func (d *Demand) Add(bytes int64) {
	d.Jobs++
	d.Bytes += min(bytes, math.MaxInt64-d.Bytes)
}

// Fit refuses what one tenant demands at once if no waiting would admit it, with an
// *InvalidError that matches ErrTooLarge. It says whose limit it is, such as "the
// admission limit".
func (l *Limits) Fit(d Demand, whose string) error {
	if err := d.within(l.Jobs, l.Bytes, whose); err != nil {
		return err
	}
	return d.within(l.TenantJobs, l.TenantBytes, whose)
}

// FitAll is Fit for n jobs of any tenants; of says whose each is, and its bytes.
func (l *Limits) FitAll(n int, of func(i int) (*Account, int64), whose string) error {
	var all Demand
	var first *Account
	mixed := false
	for i := range n {
		a, bytes := of(i)
		if all.Add(bytes); i == 0 {
			first = a.Whole()
		}
		mixed = mixed || a.Whole() != first
	}
	if !mixed {
		return l.Fit(all, whose)
	}
	if err := all.within(l.Jobs, l.Bytes, whose); err != nil || l.TenantJobs == 0 && l.TenantBytes == 0 {
		return err
	}
	tenants := map[*Account]Demand{}
	for i := range n {
		a, bytes := of(i)
		d := tenants[a.Whole()]
		d.Add(bytes)
		tenants[a.Whole()] = d
	}
	for i := range n { // of several that demand too much the first is told
		a, _ := of(i)
		if err := tenants[a.Whole()].within(l.TenantJobs, l.TenantBytes, whose); err != nil {
			return err
		}
	}
	return nil
}

// within compares a demand with limits, of which 0 means none.
func (d Demand) within(jobs, bytes int64, whose string) error {
	if bytes == 0 || bytes > mostBytes {
		bytes = mostBytes
	}
	switch {
	case d.Bytes > bytes:
		return tooLarge(d.Bytes, bytes, " bytes", " of activations and results", whose)
	case jobs > 0 && d.Jobs > jobs:
		return tooLarge(d.Jobs, jobs, " jobs", " at once", whose)
	}
	return nil
}

func tooLarge(n, most int64, unit, of, whose string) error {
	return &InvalidError{
		Field: "size", Got: strconv.FormatInt(n, 10) + unit + of,
		Allowed: "up to " + strconv.FormatInt(most, 10) + unit + ", " + whose, Kind: ErrTooLarge,
	}
}
