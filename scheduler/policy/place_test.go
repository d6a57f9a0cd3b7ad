package policy_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

const ms = time.Millisecond

// here is a device with the operand, there one to which it would have to be
// brought, both with room for it.
func here(queue, cost time.Duration) policy.Site {
	return policy.Site{Up: true, Queue: queue, Cost: cost, Free: 1000, Room: 1000, Most: 1000}
}

func there(queue, cost, load time.Duration) policy.Site {
	s := here(queue, cost)
	s.Missing, s.Load = 100, load
	return s
}

func down(s policy.Site) policy.Site   { s.Up = false; return s }
func gone(s policy.Site) policy.Site   { s.Up, s.Lost = false, true; return s }
func tried(s policy.Site) policy.Site  { s.Tried = true; return s }
func full(s policy.Site) policy.Site   { s.Free, s.Room, s.Most = 0, 0, 0; return s }
func busy(s policy.Site) policy.Site   { s.Free, s.Room = 0, 0; return s } // room only by taking what others asked for
func coming(s policy.Site) policy.Site { s.Coming = true; return s }

func at(site int, why policy.PlaceReason, copied int) policy.Placement {
	return policy.Placement{Site: site, Reason: why, Copy: copied}
}

func TestPlace(t *testing.T) {
	type sites = []policy.Site
	for name, c := range map[string]struct {
		sites sites
		home  int
		want  policy.Placement
	}{
		"no operand: the shorter queue":          {sites{here(5*ms, ms), here(2*ms, ms)}, -1, at(1, policy.PlaceShortest, -1)},
		"no operand: the faster device":          {sites{here(0, 5*ms), here(2*ms, ms)}, -1, at(1, policy.PlaceShortest, -1)},
		"no operand: not one that is restarted":  {sites{down(here(0, ms)), here(2*ms, ms)}, -1, at(1, policy.PlaceShortest, -1)},
		"home, idle":                             {sites{there(0, ms, ms), here(0, ms)}, 1, at(1, policy.PlaceHome, -1)},
		"home, with a queue that is no reason":   {sites{here(2*ms, 0), there(0, ms, ms)}, 0, at(0, policy.PlaceHome, -1)},
		"home, and a copy for those after":       {sites{here(20*ms, ms), there(0, ms, ms)}, 0, at(0, policy.PlaceHome, 1)},
		"a copy is there: sooner by a quarter":   {sites{here(20*ms, ms), here(10*ms, ms)}, 0, at(1, policy.PlaceCopy, -1)},
		"a copy is there: not sooner enough":     {sites{here(10*ms, ms), here(8*ms, ms)}, 0, at(0, policy.PlaceHome, -1)},
		"a third copy when two are busy":         {sites{here(50*ms, ms), here(20*ms, ms), there(0, ms, ms)}, 0, at(1, policy.PlaceCopy, 2)},
		"the copy goes where it is used first":   {sites{here(50*ms, ms), there(3*ms, ms, ms), there(0, ms, 2*ms)}, 0, at(0, policy.PlaceHome, 2)},
		"one copy at a time":                     {sites{here(50*ms, ms), coming(there(0, ms, ms)), there(0, ms, ms)}, 0, at(0, policy.PlaceHome, -1)},
		"no copy where others would lose theirs": {sites{here(50*ms, ms), busy(there(0, ms, ms))}, 0, at(0, policy.PlaceHome, -1)},
		"no copy on a lost device":               {sites{here(50*ms, ms), gone(there(0, ms, ms))}, 0, at(0, policy.PlaceHome, -1)},
		"no copy that takes as long as the wait": {sites{here(50*ms, ms), there(0, ms, 20*ms)}, 0, at(0, policy.PlaceHome, -1)},
		"nowhere: loaded where it is done first": {sites{there(5*ms, ms, ms), there(0, ms, 2*ms)}, 0, at(1, policy.PlaceLoad, -1)},
		"nowhere: where there is memory":         {sites{full(there(0, ms, ms)), busy(there(5*ms, ms, ms))}, 0, at(1, policy.PlaceLoad, -1)},
		"nowhere, and no memory":                 {sites{full(there(0, ms, ms)), full(there(0, ms, ms))}, 0, at(-1, policy.PlaceNowhere, -1)},
		"home is lost":                           {sites{gone(there(0, ms, ms)), there(9*ms, ms, ms)}, 0, at(1, policy.PlaceLoad, -1)},
		"home is restarted, a copy is there":     {sites{down(here(0, ms)), here(9*ms, ms)}, 0, at(1, policy.PlaceCopy, -1)},
		"home is restarted, no other is large enough": {
			sites{down(here(0, ms)), full(there(0, ms, ms))}, 0, at(0, policy.PlaceRestart, -1),
		},
		"all are restarted: where the operand is": {
			sites{down(there(0, ms, ms)), down(here(9*ms, ms))}, 0, at(1, policy.PlaceRestart, -1),
		},
		"one is restarted, one lost":                {sites{gone(here(0, ms)), down(there(9*ms, ms, ms))}, 0, at(1, policy.PlaceRestart, -1)},
		"a copy cannot be had where it was tried":   {sites{here(50*ms, ms), tried(there(0, ms, ms))}, 0, at(0, policy.PlaceHome, -1)},
		"tried, the next best":                      {sites{tried(there(0, ms, ms)), there(9*ms, ms, ms)}, 0, at(1, policy.PlaceLoad, -1)},
		"home lacks another operand, and was tried": {sites{tried(here(0, ms)), there(9*ms, ms, ms)}, 0, at(1, policy.PlaceLoad, -1)},
		"tried, one is restarted":                   {sites{tried(there(0, ms, ms)), down(there(0, ms, ms))}, 0, at(1, policy.PlaceRestart, -1)},
		"tried and restarted, another is, too":      {sites{down(tried(there(0, ms, ms))), down(there(0, ms, ms))}, 0, at(1, policy.PlaceRestart, -1)},
		"all were tried":                            {sites{tried(there(0, ms, ms)), down(tried(there(0, ms, ms)))}, 0, at(-1, policy.PlaceNowhere, -1)},
		"all are lost":                              {sites{gone(here(0, ms)), gone(here(0, ms))}, 0, at(0, policy.PlaceAbandoned, -1)},
	} {
		require.Equal(t, c.want, policy.Place(c.sites, c.home, policy.DefaultPlaceTuning()), name)
	}
}

func TestSettle(t *testing.T) {
	roomy := func(room int64) policy.Site {
		return policy.Site{Up: true, Missing: 100, Load: ms, Free: room, Room: room, Most: room}
	}
	idle := func(free, room, most int64) policy.Site {
		s := roomy(free)
		s.Room, s.Most = room, most
		return s
	}
	settle := func(sites ...policy.Site) int { return policy.Settle(sites).Site }
	require.Equal(t, 1, settle(roomy(200), roomy(300)))
	require.Equal(t, 0, settle(roomy(300), roomy(300)), "the first of equals")
	require.Equal(t, 0, settle(roomy(200), gone(roomy(300))))
	require.Equal(t, 1, settle(roomy(99), roomy(100)))
	require.Equal(t, 1, settle(tried(roomy(300)), roomy(200)))
	require.Equal(t, 1, settle(tried(roomy(300)), down(roomy(200))))
	require.Equal(t, 1, settle(down(tried(roomy(300))), down(roomy(200))))
	require.Equal(t, -1, settle(tried(roomy(300)), down(tried(roomy(200)))))
	require.Equal(t, -1, settle(roomy(99), roomy(9)))
	require.Equal(t, 1, settle(idle(50, 500, 500), idle(100, 100, 100)), "free before what is idle")
	require.Equal(t, 0, settle(idle(50, 500, 500), idle(50, 50, 200)), "idle before what was asked for lately")
}

func randomSites(r *rand.Rand) []policy.Site {
	sites := make([]policy.Site, 1+r.IntN(8))
	for i := range sites {
		s := &sites[i]
		*s = here(time.Duration(r.IntN(50))*ms/4, time.Duration(1+r.IntN(20))*ms/4)
		if r.IntN(2) == 0 {
			s.Missing, s.Load, s.Coming = 1+r.Int64N(200), time.Duration(1+r.IntN(20))*ms/4, r.IntN(8) == 0
		}
		s.Free = r.Int64N(200)
		s.Room = s.Free + r.Int64N(100)
		s.Most = s.Room + r.Int64N(100)
		switch r.IntN(6) {
		case 0:
			*s = down(*s)
		case 1:
			*s = gone(*s)
		}
		s.Tried = r.IntN(8) == 0
	}
	return sites
}

// Whatever the devices are at: no job goes to a lost one while another is
// there, none where it was tried, none to one that is restarted while another takes work, nothing is
// brought beyond the memory, and no job waits longer than Stay allows.
func TestPlaceProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tuning := policy.DefaultPlaceTuning()
	seen := map[policy.PlaceReason]int{}
	for range 20_000 {
		sites := randomSites(r)
		home := r.IntN(len(sites)+1) - 1
		if home < 0 { // a job without operands
			for i := range sites {
				sites[i].Missing, sites[i].Load, sites[i].Coming = 0, 0, false
			}
		}
		p := policy.Place(sites, home, tuning)
		seen[p.Reason]++
		anyThere, fits, fitsLater, allLost := false, false, false, true
		for i := range sites {
			s := &sites[i]
			anyThere = anyThere || s.Up && !s.Tried && s.Missing == 0
			fits = fits || s.Up && !s.Tried && s.Missing <= s.Most
			fitsLater = fitsLater || !s.Up && !s.Lost && !s.Tried && s.Missing <= s.Most
			allLost = allLost && s.Lost
		}
		require.Equal(t, allLost, p.Reason == policy.PlaceAbandoned, "%+v", sites)
		require.Equal(t, !fits && !fitsLater && !allLost, p.Reason == policy.PlaceNowhere, "%+v", sites)
		require.Equal(t, !fits && fitsLater, p.Reason == policy.PlaceRestart, "%+v", sites)
		require.Equal(t, p.Site < 0, p.Reason == policy.PlaceNowhere)
		if p.Site < 0 || allLost {
			require.Negative(t, p.Copy)
			continue
		}
		s := &sites[p.Site]
		require.False(t, s.Lost || s.Tried)
		require.Equal(t, fits, s.Up, "%+v %+v", sites, p)
		if fits {
			require.Equal(t, anyThere, s.Missing == 0, "brought though it is somewhere: %+v %+v", sites, p)
			require.LessOrEqual(t, s.Missing, s.Most)
			requireSoon(t, sites, p, tuning)
		}
		if p.Copy >= 0 {
			c := &sites[p.Copy]
			require.True(t, c.Up && !c.Tried && c.Missing > 0 && c.Missing <= c.Room && !c.Coming, "%+v %+v", sites, p)
			require.Zero(t, s.Missing)
		}
	}
	require.Len(t, seen, policy.PlaceReasons, "every reason: %v", seen)
}

// requireSoon requires that no other device that has what is needed is much
// sooner.
func requireSoon(t *testing.T, sites []policy.Site, p policy.Placement, tuning policy.PlaceTuning) {
	s := &sites[p.Site]
	at := s.Queue + s.Cost
	for i := range sites {
		o := &sites[i]
		if s.Missing == 0 && o.Up && !o.Tried && o.Missing == 0 && at >= tuning.MinSpill {
			require.GreaterOrEqual(t, float64(o.Queue+o.Cost), float64(at)*(1-tuning.Stay), "%+v %+v", sites, p)
		}
	}
}

// A copy that was made is not taken for one to make again, and jobs do not go to
// and fro: with the same queues the second decision is as the first, and what
// was the better device stays so until the queues change by Stay.
func TestPlaceDoesNotGoToAndFro(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	tuning := policy.DefaultPlaceTuning()
	for range 10_000 {
		sites := randomSites(r)
		home := r.IntN(len(sites))
		p := policy.Place(sites, home, tuning)
		require.Equal(t, p, policy.Place(sites, home, tuning))
		if p.Reason == policy.PlaceLoad { // it is there now, and that is its home
			sites[p.Site].Missing, sites[p.Site].Load = 0, 0
			again := policy.Place(sites, p.Site, tuning)
			require.Equal(t, p.Site, again.Site)
			require.Equal(t, policy.PlaceHome, again.Reason)
		}
		if p.Copy >= 0 {
			sites[p.Copy].Missing, sites[p.Copy].Load = 0, 0
			again := policy.Place(sites, home, tuning)
			require.Equal(t, p.Copy, again.Site, "what paid for a copy pays for its use")
			require.NotEqual(t, p.Copy, again.Copy)
		}
	}
}

func TestPlaceDoesNotAllocate(t *testing.T) {
	sites := []policy.Site{here(50*ms, ms), here(20*ms, ms), there(0, ms, ms)}
	require.Zero(t, testing.AllocsPerRun(100, func() { policy.Place(sites, 0, policy.DefaultPlaceTuning()) }))
}
