package policy

import (
	"fmt"
	"time"
)

// Site is what is known of one device when a job is placed.
type Site struct {
	Up   bool // it takes work at once
	Lost bool // it never will again
	// Tried: it could not have what the job needs, and is not asked again.
	Tried bool
	// Queue is what is predicted for all that waits and runs there, Cost what the
	// job adds to it: little where it joins others that wait for its operand.
	Queue, Cost time.Duration
	// Missing is what of the job's operands is not there, in bytes, and Load how
	// long it takes to bring that.
	Missing int64
	Load    time.Duration
	Coming  bool // what is missing is on its way
	// Free is the memory that is free, in bytes, Room what there is with copies
	// that were not asked for lately, and Most all there is for operands.
	Free, Room, Most int64
}

// takes reports whether the job may go there now.
func (s *Site) takes() bool { return s.Up && !s.Tried }

// holds reports whether all that the job needs is there.
func (s *Site) holds() bool { return s.Missing == 0 }

// finish is when the job would be done there, from now on.
func (s *Site) finish() time.Duration {
	if s.holds() {
		return s.Queue + s.Cost
	}
	return s.Queue + s.Load + s.Cost
}

// PlaceTuning adjusts [Place].
type PlaceTuning struct {
	// Stay is how much sooner a job must be done on another device that has its
	// operand, as a fraction of the time where its operand's jobs go, to go there.
	// 0 lets jobs that could share a reading of their operand drift apart.
	Stay float64
	// Spill is how many times as long as a copy takes to load, and as another
	// device then needs, jobs must wait until an operand is copied there.
	Spill float64
	// MinSpill is the least wait for which a job is kept from where its operand's
	// jobs go.
	MinSpill time.Duration
}

// DefaultPlaceTuning returns what is right for most: a quarter, four times, 200
// µs. A copy is used by many jobs, so four times is soon made good, and a wait
// that is four times as long is no noise.
func DefaultPlaceTuning() PlaceTuning {
	return PlaceTuning{Stay: 0.25, Spill: 4, MinSpill: 200 * time.Microsecond}
}

// PlaceReason says why a job was placed where it was.
type PlaceReason uint8

// The reasons.
const (
	PlaceNowhere   PlaceReason = iota // no device is large enough for what it needs
	PlaceHome                         // where jobs with its operand go
	PlaceCopy                         // another device with its operand is done sooner
	PlaceLoad                         // no device has its operand: loaded where it is done first
	PlaceShortest                     // it needs no operand: where it is done first
	PlaceRestart                      // no device takes work: one that is restarted
	PlaceAbandoned                    // every device is lost
)

// PlaceReasons is one more than the last PlaceReason, for arrays indexed by it.
const PlaceReasons = int(PlaceAbandoned) + 1

func (r PlaceReason) String() string {
	switch r {
	case PlaceNowhere:
		return "no_memory"
	case PlaceHome:
		return "home"
	case PlaceCopy:
		return "copy"
	case PlaceLoad:
		return "load"
	case PlaceShortest:
		return "shortest_queue"
	case PlaceRestart:
		return "restarting"
	case PlaceAbandoned:
		return "lost"
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// Placement is where a job goes, and where its operand should be copied for
// those after it.
type Placement struct {
	Site   int // -1 for PlaceNowhere
	Reason PlaceReason
	Copy   int // -1 for none
}

// StaysHome reports whether a job goes home whatever the other devices are at:
// its operand is there, and it is done before anything is worth moving.
func StaysHome(home *Site, t PlaceTuning) bool {
	return home.takes() && home.holds() && home.finish() < t.MinSpill
}

// Place chooses the device for a job. home is where jobs with its operand go,
// -1 for a job that needs none. Of the devices that take work it is
//
//   - where the operand is: home, unless another that has it is done sooner by
//     Stay, so that jobs that share an operand meet and are batched;
//   - else where the job is done first, the load counted, of those with the
//     memory.
//
// When even the best of those that have the operand keeps the job waiting Spill
// times as long as a copy elsewhere takes, another device is named to copy it
// to: only into memory that is free or idle, so that copies do not chase each
// other. The job does not wait for the copy.
//
// It is pure, O(n) and does not allocate.
func Place(sites []Site, home int, t PlaceTuning) Placement {
	if home >= 0 && StaysHome(&sites[home], t) {
		return Placement{home, PlaceHome, -1}
	}
	best := holder(sites, home, t)
	switch {
	case best < 0:
		return placeAnew(sites)
	case home < 0:
		return Placement{best, PlaceShortest, -1}
	case best == home:
		return Placement{best, PlaceHome, spill(sites, best, t)}
	}
	return Placement{best, PlaceCopy, spill(sites, best, t)}
}

// holder returns the device to use of those that have all that is needed, -1
// for none.
func holder(sites []Site, home int, t PlaceTuning) int {
	best := -1
	for i := range sites {
		if s := &sites[i]; s.takes() && s.holds() && (best < 0 || s.finish() < sites[best].finish()) {
			best = i
		}
	}
	if home < 0 || best < 0 || !sites[home].takes() || !sites[home].holds() {
		return best
	}
	stay := sites[home].finish()
	if float64(sites[best].finish()) < float64(stay)*(1-t.Stay) {
		return best
	}
	return home
}

// placeAnew chooses where to load what no device that takes work has.
func placeAnew(sites []Site) Placement {
	best := -1
	for i := range sites {
		s := &sites[i]
		if s.takes() && s.Missing <= s.Most && (best < 0 || sooner(s, &sites[best])) {
			best = i
		}
	}
	if best < 0 {
		return placeDown(sites)
	}
	return Placement{best, PlaceLoad, -1}
}

// sooner prefers the device that is done first, then the one with more room.
func sooner(a, b *Site) bool {
	if x, y := a.finish(), b.finish(); x != y {
		return x < y
	}
	return a.Free > b.Free
}

// placeDown is for when no device that takes work will do: a job waits for one
// that is restarted, where most of what it needs is.
func placeDown(sites []Site) Placement {
	best, lost := -1, true
	for i := range sites {
		s := &sites[i]
		lost = lost && s.Lost
		if !s.Up && !s.Lost && !s.Tried && s.Missing <= s.Most && (best < 0 || s.Missing < sites[best].Missing) {
			best = i
		}
	}
	switch {
	case best >= 0:
		return Placement{best, PlaceRestart, -1}
	case lost:
		return Placement{0, PlaceAbandoned, -1}
	}
	return Placement{-1, PlaceNowhere, -1}
}

// spill returns the device that gains most by a copy, -1 for none.
func spill(sites []Site, from int, t PlaceTuning) int {
	wait, best := sites[from].finish(), -1
	for i := range sites {
		s := &sites[i]
		if !s.takes() || s.holds() {
			continue
		}
		if s.Coming { // first see what that one brings
			return -1
		}
		pays := float64(wait) > t.Spill*float64(s.finish()) && wait >= t.MinSpill
		if pays && s.Missing <= s.Room && (best < 0 || sooner(s, &sites[best])) {
			best = i
		}
	}
	return best
}

// Settle chooses the device that an operand is loaded on before any job uses
// it: of those with the memory the one with most of it free, so that operands
// spread, and where it is free nowhere the one that gives up what is idle.
func Settle(sites []Site) Placement {
	best := -1
	for i := range sites {
		s := &sites[i]
		if s.takes() && s.Missing <= s.Most && (best < 0 || s.roomier(&sites[best])) {
			best = i
		}
	}
	if best < 0 {
		return placeAnew(sites)
	}
	return Placement{best, PlaceLoad, -1}
}

func (s *Site) roomier(o *Site) bool {
	if x, y := s.Missing <= s.Free, o.Missing <= o.Free; x != y {
		return x
	}
	if s.Free != o.Free {
		return s.Free > o.Free
	}
	return s.Room > o.Room
}
