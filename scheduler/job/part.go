package job

// Part returns a ledger for one of several places where the jobs of l run. What
// is taken of it is taken of l first, by l's limits, and given back to both:
// so l is always the sum of its parts, by tenant too, and no part has limits of
// its own.
func (l *Ledger) Part() *Ledger {
	p := &Ledger{whole: l}
	p.first = Account{ledger: p, whole: &l.first}
	return p
}

func (l *Ledger) newAccount(tenant string) *Account {
	a := &Account{ledger: l, Tenant: tenant}
	if l.whole != nil {
		a.whole = l.whole.Account(tenant)
	}
	return a
}

// Whole returns the account of the same tenant in the ledger that a's is a part
// of; a itself if it is no part.
func (a *Account) Whole() *Account {
	for a.whole != nil {
		a = a.whole
	}
	return a
}
