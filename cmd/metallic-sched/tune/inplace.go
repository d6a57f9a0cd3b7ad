package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// resultAxis is sizes of results in bytes.
var resultAxis = []int{leastInPlace, 128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20, 4 << 20, 8 << 20}

// leastInPlace is the least threshold that is proposed: what a job leaves in C
// when it fails is worth more than the microsecond that a smaller copy takes.
const leastInPlace = 64 << 10

// resultWorks returns works with a result of so many bytes.
func resultWorks(bytes int) []suite.Work {
	return []suite.Work{
		suite.Softmax{Rows: bytes / 2048, Cols: 512, DType: tensor.F32},
		suite.Softmax{Rows: bytes / 256, Cols: 128, DType: tensor.F16},
		suite.Matmul{Batch: 1, M: 512, K: 64, N: bytes / 2048, DType: tensor.F32, Alpha: 1, Loaded: "a"},
		suite.Matmul{Batch: 1, M: 1024, K: 128, N: bytes / 2048, DType: tensor.F16, Alpha: 1, Loaded: "a"},
	}
}

// resultClasses names them.
var resultClasses = [...]string{"softmax of 512 columns f32", "softmax of 128 columns f16", "product with 512x64 f32", "product with 1024x128 f16"}

// inPlace finds IN_PLACE_BYTES: from which size of the result on writing it
// straight to the caller's memory is faster than copying it there.
func (t *Tuner) inPlace(ctx context.Context) (err error) {
	if !t.rig.info.HostMemory {
		return nil
	}
	staged, direct := t.found, t.found
	staged.InPlaceBytes, direct.InPlaceBytes = math.MaxInt, 1
	both, err := t.openBoth(ctx, staged, direct)
	defer func() { err = errors.Join(err, both.close(ctx)) }()
	if err != nil {
		return err
	}
	var cells []*cell
	for _, bytes := range resultAxis {
		for i, w := range resultWorks(bytes) {
			c, release, err := both.cell(ctx, w, t.cfg.Seed)
			defer release()
			if err != nil {
				return fmt.Errorf("tune: %v: %w", w, err)
			}
			c.class, c.x = resultClasses[i], bytes
			cells = append(cells, c)
		}
	}
	err = contest(ctx, cells, time.Duration(inPlaceShare*float64(t.cfg.For)), t.dice, func(round int) {
		t.cfg.Tell(fmt.Sprintf("results in place: %d works, round %d", len(cells), round))
	})
	if err != nil {
		return err
	}
	t.found.InPlaceBytes = t.cross(threshold{
		variable: profile.VarInPlaceBytes, axis: "bytes of the result", below: "copying", above: "writing in place",
		usual: t.found.InPlaceBytes, least: leastInPlace, most: 1 << 30,
	}, cells, between(usualOne, triedOne))
	t.profile.Settings.InPlaceBytes = &t.found.InPlaceBytes
	return nil
}
