package policy

import (
	"fmt"
	"strconv"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// Prefs are the user's preferences for selection. They are taken as they
// stand: a zero field means zero, not its default. Start from [DefaultPrefs].
type Prefs struct {
	// MatmulBackend other than MatmulAuto is used for every product it
	// supports, whatever the shape.
	MatmulBackend MatmulBackend
	// SmallNMaxN is the most columns for which small-N kernels are taken on
	// their own account: 0 (only for empty products) to 16.
	SmallNMaxN int
	// SIMDMMin and SIMDNMin are the fewest rows and columns for which the SIMD
	// matrix multiply is taken. At least 0.
	SIMDMMin, SIMDNMin int
	// ForceSmallN takes small-N kernels for every product of up to 16 columns.
	ForceSmallN bool

	// SoftmaxBackend other than SoftmaxAuto is used for every softmax it
	// supports; the others go to the legacy kernel.
	SoftmaxBackend SoftmaxBackend
	// SoftmaxVecMaxCols is the longest row that the vec kernel is taken for;
	// longer ones go to the block kernel. At least 0.
	SoftmaxVecMaxCols int

	// Experimental lets kernels marked so in the catalog be chosen, ahead of
	// the stable ones of their family.
	Experimental bool
}

// DefaultPrefs returns the preferences of a user who has none.
func DefaultPrefs() Prefs {
	return Prefs{SmallNMaxN: 8, SIMDMMin: 64, SIMDNMin: 16, SoftmaxVecMaxCols: 1024}
}

// PrefError says which preference cannot be had and what is allowed.
type PrefError struct {
	Field   string // the field of Prefs
	Value   string
	Allowed string
	Help    string // how to get what was asked for, if it can be got
}

func (e *PrefError) Error() string {
	msg := fmt.Sprintf("policy: %s is %s; allowed: %s", e.Field, e.Value, e.Allowed)
	if e.Help != "" {
		msg += " (" + e.Help + ")"
	}
	return msg
}

// Validate checks p against what a device can do. The error is a *PrefError.
func (p Prefs) Validate(caps kernels.Caps, catalog kernels.Catalog) error {
	switch {
	case p.MatmulBackend > MatmulGEMV:
		return &PrefError{Field: "MatmulBackend", Value: p.MatmulBackend.String(), Allowed: matmulAllowed}
	case p.SoftmaxBackend > SoftmaxBlock:
		return &PrefError{Field: "SoftmaxBackend", Value: p.SoftmaxBackend.String(), Allowed: softmaxAllowed}
	case p.SmallNMaxN < 0 || p.SmallNMaxN > kernels.MaxSmallN:
		return outOfRange("SmallNMaxN", p.SmallNMaxN, "0 to "+strconv.Itoa(kernels.MaxSmallN))
	case p.SIMDMMin < 0:
		return outOfRange("SIMDMMin", p.SIMDMMin, "at least 0")
	case p.SIMDNMin < 0:
		return outOfRange("SIMDNMin", p.SIMDNMin, "at least 0")
	case p.SoftmaxVecMaxCols < 0:
		return outOfRange("SoftmaxVecMaxCols", p.SoftmaxVecMaxCols, "at least 0")
	}
	return p.validateForced(caps, catalog)
}

func outOfRange(field string, value int, allowed string) error {
	return &PrefError{Field: field, Value: strconv.Itoa(value), Allowed: allowed}
}

// validateForced reports a forced backend that the device has no kernel of.
func (p Prefs) validateForced(caps kernels.Caps, catalog kernels.Catalog) error {
	if f, forced := p.MatmulBackend.family(); forced {
		if help, ok := p.available(f, caps, catalog); !ok {
			return &PrefError{"MatmulBackend", p.MatmulBackend.String(), "auto, or a backend that the device has", help}
		}
	}
	if f, forced := p.SoftmaxBackend.family(); forced {
		if help, ok := p.available(f, caps, catalog); !ok {
			return &PrefError{"SoftmaxBackend", p.SoftmaxBackend.String(), "auto, or a backend that the device has", help}
		}
	}
	return nil
}

// available reports whether the device has any kernel of the family, and if
// not, how to get one.
func (p Prefs) available(f kernels.Family, caps kernels.Caps, catalog kernels.Catalog) (help string, ok bool) {
	help = "the catalog has no " + f.String() + " kernel"
	for i := range catalog {
		r := &catalog[i]
		switch {
		case r.Family != f:
		case r.Experimental && !p.Experimental:
			help = r.Name + " is experimental, turn on experimental kernels"
		case r.NeedsVendor && !caps.Vendor:
			help = "no vendor library: " + caps.VendorHelp
		case r.NeedsSIMDMatrix && !caps.SIMDMatrix:
			help = "the device has no SIMD matrix multiply"
		default:
			return "", true
		}
	}
	return help, false
}
