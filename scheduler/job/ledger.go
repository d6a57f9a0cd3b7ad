package job

import (
	"cmp"
	"math"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// Limits bound what may be in flight: accepted and not ended. A limit of 0
// means none but what an int64 counts.
type Limits struct {
	Jobs        int64
	Bytes       int64 // of activations, results and a row of scores; loaded operands not counted
	TenantJobs  int64
	TenantBytes int64
}

// Ledger counts what is in flight, by tenant and in all, and how jobs ended.
// The counts are the leases: each is taken when a job is accepted and given
// back by the step that ends it, so they cannot drift.
//
// All methods may be called from any goroutine.
type Ledger struct {
	// What every job touches lies together.
	admission sync.Mutex // held while limits are compared and leases taken
	load      load
	taken     int64   // jobs ever admitted; guarded by admission
	first     Account // of the empty tenant, found without a look-up

	whole   *Ledger // what it is a part of, nil for none: see Part
	limits  Limits
	pace    pace     // of all that is given back
	tenants sync.Map // name -> *Account

	room    sync.Mutex    // guards waiting
	waiting chan struct{} // what Room gave out and is not yet closed, or nil
	asked   atomic.Bool   // waiting is not nil
}

// NewLedger returns a ledger with nothing in flight.
func NewLedger(limits Limits) *Ledger {
	limits.Bytes = cmp.Or(limits.Bytes, math.MaxInt64) // so that no sum overflows
	l := &Ledger{limits: limits}
	l.first.ledger = l
	return l
}

// Account is one tenant's part of the ledger.
type Account struct {
	load      load
	submitted atomic.Int64
	rejected  atomic.Int64
	outcomes  [Outcomes]atomic.Int64
	used      atomic.Int64 // device time, in nanoseconds
	pace      pace         // of what is given back
	ledger    *Ledger
	whole     *Account // the same tenant's in ledger.whole, nil for none
	Tenant    string
	// Keep is for whoever runs the jobs to keep what it knows of the tenant. One
	// goroutine at a time may use it.
	Keep any
}

// Charge adds device time that the tenant's jobs have used. A nil account is
// nobody's.
func (a *Account) Charge(d time.Duration) {
	for ; a != nil; a = a.whole {
		a.used.Add(int64(d))
	}
}

// Used returns the device time charged so far.
func (a *Account) Used() time.Duration { return time.Duration(a.used.Load()) }

// load is what is in flight.
type load struct{ jobs, bytes atomic.Int64 }

// Account returns a tenant's account, opening it at first sight.
func (l *Ledger) Account(tenant string) *Account {
	if tenant == "" {
		return &l.first
	}
	if a, ok := l.tenants.Load(tenant); ok {
		return a.(*Account)
	}
	a, _ := l.tenants.LoadOrStore(tenant, l.newAccount(tenant))
	return a.(*Account)
}

// Lease is one job's place in the ledger.
type Lease struct {
	account *Account
	bytes   int64
}

// Account returns whose lease it is.
func (l Lease) Account() *Account { return l.account }

// Lease returns the lease of one job of an admitted lot.
func (a *Account) Lease(bytes int64) Lease { return Lease{a, bytes} }

// Admit takes n jobs of bytes in all, or none of them and says which limit
// was met. It counts them as submitted only when it takes them.
//
// Leases are taken one caller at a time, so that a refused caller never keeps
// out another who fits; they are given back without waiting for anybody.
func (a *Account) Admit(n, bytes int64) error {
	if a.whole != nil {
		if err := a.whole.Admit(n, bytes); err != nil {
			return err
		}
	}
	all := &a.ledger.load
	a.ledger.admission.Lock()
	if full := a.full(n, bytes); full != nil {
		a.ledger.admission.Unlock()
		full.Tenant = a.Tenant
		return full
	}
	a.ledger.taken += n
	all.jobs.Add(n)
	all.bytes.Add(bytes)
	a.load.jobs.Add(n)
	a.load.bytes.Add(bytes)
	a.ledger.admission.Unlock()
	a.submitted.Add(n)
	return nil
}

// The limits by name.
const (
	limitJobs        = "jobs"
	limitTenantJobs  = "jobs of the tenant"
	limitBytes       = "bytes"
	limitTenantBytes = "bytes of the tenant"
)

// full returns the limit that n more jobs of bytes would exceed, or nil.
func (a *Account) full(n, bytes int64) *QueueFullError {
	lim, all := &a.ledger.limits, &a.ledger.load
	return cmp.Or(
		exceeded(limitJobs, &all.jobs, n, lim.Jobs),
		exceeded(limitTenantJobs, &a.load.jobs, n, lim.TenantJobs),
		exceeded(limitBytes, &all.bytes, bytes, lim.Bytes),
		exceeded(limitTenantBytes, &a.load.bytes, bytes, lim.TenantBytes))
}

func exceeded(limit string, load *atomic.Int64, more, most int64) *QueueFullError {
	if most == 0 {
		return nil
	}
	inUse := load.Load()
	if more <= most-inUse {
		return nil
	}
	return &QueueFullError{Limit: limit, InUse: inUse, Max: most, Excess: more - (most - inUse)}
}

// Reject counts n jobs that were refused.
func (a *Account) Reject(n int64) {
	for ; a != nil; a = a.whole {
		a.submitted.Add(n)
		a.rejected.Add(n)
	}
}

// Withdraw undoes an Admit, as if it had not been asked for.
func (a *Account) Withdraw(n, bytes int64) {
	for b := a; b != nil; b = b.whole {
		b.submitted.Add(-n)
	}
	a.giveBack(n, bytes)
}

// end gives back the leases of n jobs that ended alike.
func (a *Account) end(o Outcome, n, bytes int64) {
	for b := a; b != nil; b = b.whole {
		b.outcomes[o].Add(n)
	}
	a.giveBack(n, bytes)
}

// giveBack returns part of the load and lets those who wait try again: last of
// all those who wait for the whole.
func (a *Account) giveBack(n, bytes int64) {
	a.load.jobs.Add(-n)
	a.load.bytes.Add(-bytes)
	l := a.ledger
	l.load.jobs.Add(-n)
	l.load.bytes.Add(-bytes)
	if l.asked.Load() {
		l.wakeAll()
	}
	if a.whole != nil {
		a.whole.giveBack(n, bytes)
	}
}

// end gives back the lease of one job.
func (l Lease) end(o Outcome) {
	if l.account != nil {
		l.account.end(o, 1, l.bytes)
	}
}

// leaseRun gives back neighbouring leases of one account and outcome in one
// step.
type leaseRun struct {
	account  *Account
	outcome  Outcome
	n, bytes int64
}

func (r *leaseRun) add(l Lease, o Outcome) {
	if l.account != r.account || o != r.outcome {
		r.flush()
		r.account, r.outcome = l.account, o
	}
	r.n++
	r.bytes += l.bytes
}

func (r *leaseRun) flush() {
	if r.account != nil && r.n > 0 {
		r.account.end(r.outcome, r.n, r.bytes)
	}
	r.n, r.bytes = 0, 0
}

// Room returns a channel that is closed when something is given back. Ask
// before trying again to Admit, so that no room is missed. A part's is the
// whole's: room elsewhere may let a job in here.
func (l *Ledger) Room() <-chan struct{} {
	if l.whole != nil {
		return l.whole.Room()
	}
	l.room.Lock()
	defer l.room.Unlock()
	if l.waiting == nil {
		l.waiting = make(chan struct{})
		l.asked.Store(true)
	}
	return l.waiting
}

func (l *Ledger) wakeAll() {
	l.room.Lock()
	defer l.room.Unlock()
	if l.waiting != nil {
		close(l.waiting)
		l.waiting = nil
		l.asked.Store(false)
	}
}

// Audit is the balance of a ledger or of one tenant's account. It balances
// when nothing is being submitted or ended:
// Submitted = Done + Failed + Cancelled + Expired + Rejected + InFlight.
type Audit struct {
	Submitted, Done, Failed, Cancelled, Expired, Rejected, InFlight int64
	Bytes                                                           int64 // in flight
}

// Balances reports whether every submitted job is accounted for.
func (a Audit) Balances() bool {
	return a.Submitted == a.Done+a.Failed+a.Cancelled+a.Expired+a.Rejected+a.InFlight
}

// Audit returns the account's balance.
func (a *Account) Audit() Audit {
	return Audit{
		InFlight: a.load.jobs.Load(), Bytes: a.load.bytes.Load(),
		Done: a.outcomes[Done].Load(), Failed: a.outcomes[Failed].Load(),
		Cancelled: a.outcomes[Cancelled].Load(), Expired: a.outcomes[Expired].Load(),
		Rejected: a.rejected.Load(), Submitted: a.submitted.Load(),
	}
}

// Audit returns the balance of all tenants together.
func (l *Ledger) Audit() Audit {
	sum := Audit{}
	for _, a := range l.Accounts() {
		b := a.Audit()
		sum.Submitted += b.Submitted
		sum.Done += b.Done
		sum.Failed += b.Failed
		sum.Cancelled += b.Cancelled
		sum.Expired += b.Expired
		sum.Rejected += b.Rejected
	}
	sum.InFlight, sum.Bytes = l.load.jobs.Load(), l.load.bytes.Load()
	return sum
}

// Accounts returns every account seen, by name.
func (l *Ledger) Accounts() []*Account {
	all := []*Account{&l.first}
	l.tenants.Range(func(_, a any) bool {
		all = append(all, a.(*Account))
		return true
	})
	sort.Slice(all, func(i, j int) bool { return all[i].Tenant < all[j].Tenant })
	return all
}

// InFlight returns the jobs accepted and not ended.
func (l *Ledger) InFlight() int64 { return l.load.jobs.Load() }
