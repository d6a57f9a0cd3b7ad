package server

import "github.com/metallic-sched/metallic-sched/scheduler/job"

// operandOverhead counts for each operand and each name, for they take memory
// however small the content is.
const operandOverhead = 1 << 10

// ourselves is who holds what is loaded from the server's files. Nothing counts
// against it, and no tenant's name begins so.
const ourselves = "\x00"

// hold takes hold of an operand for a tenant, and counts it against the bound if
// it is the tenant's first. Bytes that are counted and will not be soon do not
// stand in the way. s.mu is held, as in all that follows.
func (s *store) hold(o *operand, who string, less int64) error {
	if o.holders[who] == 0 {
		if err := s.charge(who, o.cost(), less); err != nil {
			return err
		}
	}
	o.holders[who]++
	o.holds++
	return nil
}

func (s *store) unhold(o *operand, times int, who string) {
	if o.holders[who] -= times; o.holders[who] == 0 {
		delete(o.holders, who)
		s.uncharge(who, o.cost())
	}
}

func (o *operand) cost() int64 { return o.content.bytes() + operandOverhead }

// charge counts bytes against a tenant's bound.
func (s *store) charge(who string, n, less int64) error {
	if who == ourselves {
		return nil
	}
	if err := s.affords(who, n-less); err != nil {
		return err
	}
	s.used[who] += n
	return nil
}

// affords returns why a tenant cannot have n bytes more.
func (s *store) affords(who string, n int64) error {
	most := s.limits.TenantOperandBytes
	if over := s.used[who] + n - most; most > 0 && over > 0 {
		return &job.QueueFullError{
			Limit: "bytes of operands and uploads of the tenant", Tenant: who, InUse: s.used[who], Max: most, Excess: over,
		}
	}
	return nil
}

func (s *store) uncharge(who string, n int64) {
	if who == ourselves || n == 0 {
		return
	}
	if s.used[who] -= n; s.used[who] == 0 {
		delete(s.used, who)
	}
}
