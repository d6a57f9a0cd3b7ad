package tune

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// Config says what to measure.
type Config struct {
	Device device.Device // stays open
	// For is about how long measuring takes. Each part takes at least as many
	// rounds as can prove anything, so that it may be longer.
	For time.Duration
	// Verify compares what was chosen with the defaults on the suites, and drops
	// what is no better.
	Verify bool
	Seed   uint64
	Now    time.Time         // when this is
	Tell   func(what string) // progress; it may be nil
}

// Tuner measures a device.
type Tuner struct {
	cfg     Config
	rig     *rig
	dice    *rand.Rand
	buffers []device.Buffer // of the cells of the moment
	profile *profile.Profile
	found   settings // so far
}

// shares are the parts of the time that the parts of measuring get.
const (
	rowsShare    = 0.14
	columnsShare = 0.26
	softmaxShare = 0.08
	curvesShare  = 0.10
	inPlaceShare = 0.08
	callersShare = 0.14
	verifyShare  = 0.20
)

// Run measures a device and returns what follows. The profile has all that was
// measured; its Settings are those that were found to be better than the
// defaults, and the defaults where nothing was.
func Run(ctx context.Context, cfg Config) (*profile.Profile, error) {
	if cfg.For <= 0 {
		return nil, fmt.Errorf("tune: For is %v; allowed: more than 0", cfg.For)
	}
	if cfg.Tell == nil {
		cfg.Tell = func(string) {}
	}
	r, err := newRig(cfg.Device)
	if err != nil {
		return nil, err
	}
	t := &Tuner{
		cfg: cfg, rig: r, dice: rand.New(rand.NewPCG(cfg.Seed, 1)), found: defaults(),
		profile: &profile.Profile{Version: profile.Version, Time: cfg.Now, Machine: profile.MachineOf(r.info)},
	}
	err = t.all(ctx)
	t.free()
	if err = errors.Join(err, r.queue.Close()); err != nil {
		return nil, err
	}
	return t.profile, nil
}

func (t *Tuner) all(ctx context.Context) error {
	for _, part := range []func(context.Context) error{t.rows, t.columnsOf, t.softmaxes, t.times, t.inPlace, t.callers, t.verify} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// measure takes the times of some cells.
func (t *Tuner) measure(ctx context.Context, what string, share float64, make func() ([]*cell, error)) ([]*cell, error) {
	t.cfg.Tell(what + ": operands, first runs")
	defer t.free()
	cells, err := make()
	if err != nil {
		return nil, err
	}
	limit := time.Duration(share * float64(t.cfg.For))
	return cells, contest(ctx, cells, limit, t.dice, func(round int) {
		t.cfg.Tell(fmt.Sprintf("%s: %d problems, round %d", what, len(cells), round))
	})
}

// cross finds a threshold from gains and notes it.
func (t *Tuner) cross(th threshold, cells []*cell, pick func(*cell) (below, above *entrant)) int {
	points, classes := gains(cells, pick)
	value, why := th.usual, "no kernels to compare"
	if len(points) > 0 {
		value, why = th.find(points)
	}
	t.profile.Crossovers = append(t.profile.Crossovers, profile.Crossover{
		Variable: th.variable, Axis: th.axis, Below: th.below, Above: th.above,
		Default: th.usual, Found: value, Why: why, Points: points, Classes: classes,
	})
	return value
}

// rows finds SIMD_M_MIN.
func (t *Tuner) rows(ctx context.Context) error {
	if !t.rig.info.Caps.SIMDMatrix {
		return nil
	}
	cells, err := t.measure(ctx, "products by rows", rowsShare, t.rowsCells)
	if err != nil {
		return err
	}
	t.found.SIMDMMin = t.cross(threshold{
		variable: profile.VarSIMDMMin, axis: "rows", below: "mlx", above: "simd", usual: t.found.SIMDMMin, most: 1 << 30,
	}, cells, between("mlx", "simd"))
	t.profile.Settings.SIMDMMin = &t.found.SIMDMMin
	return nil
}

// columnsOf finds SIMD_N_MIN, and then SMALLN_MAX_N beside what is chosen for
// wider products by that.
func (t *Tuner) columnsOf(ctx context.Context) error {
	cells, err := t.measure(ctx, "products by columns", columnsShare, t.columnsCells)
	if err != nil {
		return err
	}
	t.profile.Curves = append(t.profile.Curves, curves(cells)...)
	if t.rig.info.Caps.SIMDMatrix {
		t.found.SIMDNMin = t.cross(threshold{
			variable: profile.VarSIMDNMin, axis: "columns", below: "mlx", above: "simd", usual: t.found.SIMDNMin, most: 1 << 30,
		}, cells, func(c *cell) (below, above *entrant) {
			if c.entrants[0].work.Shape.M < t.found.SIMDMMin {
				return nil, nil
			}
			return c.entrant("mlx"), c.entrant("simd")
		})
		t.profile.Settings.SIMDNMin = &t.found.SIMDNMin
	}
	t.found.SmallNMaxN = t.cross(threshold{
		variable: profile.VarSmallNMaxN, axis: "columns", below: "smalln", above: "simd or mlx", usual: t.found.SmallNMaxN,
		inclusive: true, most: kernels.MaxSmallN,
	}, cells, func(c *cell) (below, above *entrant) { return c.entrant("smalln"), c.entrant(t.wider(c)) })
	t.profile.Settings.SmallNMaxN = &t.found.SmallNMaxN
	return nil
}

// wider names what a product gets that is not small-N work.
func (t *Tuner) wider(c *cell) string {
	s := c.entrants[0].work.Shape
	if t.rig.info.Caps.SIMDMatrix && s.M >= t.found.SIMDMMin && s.N >= t.found.SIMDNMin {
		return "simd"
	}
	return "mlx"
}

// softmaxes finds the longest row for the vec kernel.
func (t *Tuner) softmaxes(ctx context.Context) error {
	cells, err := t.measure(ctx, "softmax", softmaxShare, t.softmaxCells)
	if err != nil {
		return err
	}
	t.profile.Curves = append(t.profile.Curves, curves(cells)...)
	t.found.SoftmaxVecMaxCols = t.cross(threshold{
		variable: profile.VarSoftmaxVecMaxCols, axis: "columns", below: "vec", above: "block", usual: t.found.SoftmaxVecMaxCols,
		inclusive: true, most: softmaxAxis[len(softmaxAxis)-1],
	}, cells, between("vec", "block"))
	t.profile.Settings.SoftmaxVecMaxCols = &t.found.SoftmaxVecMaxCols
	return nil
}

// between compares two entrants of each cell.
func between(below, above string) func(*cell) (_, _ *entrant) {
	return func(c *cell) (_, _ *entrant) { return c.entrant(below), c.entrant(above) }
}

// times measures t(N) for the cost model.
func (t *Tuner) times(ctx context.Context) error {
	cells, err := t.measure(ctx, "times by columns", curvesShare, t.curveCells)
	if err != nil {
		return err
	}
	t.profile.Curves = append(t.profile.Curves, curves(cells)...)
	t.profile.Costs = learn(t.rig.info, cells)
	return nil
}
