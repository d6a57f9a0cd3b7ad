package tune

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// The axes along which kernels are compared. Quick measuring takes every other
// point of them and fewer operands.
var (
	rowsAxis     = []int{1, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512}
	columnsAxis  = []int{1, 2, 3, 4, 6, 8, 9, 10, 12, 14, 16, 20, 24, 32, 48, 64, 128}
	softmaxAxis  = []int{32, 64, 128, 256, 512, 768, 1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192}
	curveColumns = []int{1, 2, 4, 8, 16, 32, 64, 128, 256}
	curveRows    = []int{1, 4, 16, 64, 256, 1024, 4096}

	types = []tensor.DType{tensor.F16, tensor.F32}
)

// rowsCells compare SIMD and its fallback by the rows of A: products of
// activations, such as a few heads of attention and a short prompt.
func (t *Tuner) rowsCells() ([]*cell, error) {
	return t.gather(func(add func(*cell, error) error) error {
		for _, dt := range types {
			for _, s := range [...]struct{ k, n int }{{64, 512}, {512, 64}, {896, 128}, {896, 1152}, {2048, 32}} {
				for _, m := range rowsAxis {
					w, err := t.matrix(m, s.k, dt, false)
					if err != nil {
						return err
					}
					class := fmt.Sprintf("Mx%dx%d %v not loaded", s.k, s.n, dt)
					if err := add(t.product(w, s.n, m, class, kernels.FamilyMLX, kernels.FamilySIMD)); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// columnsCells compare small-N, SIMD and its fallback by the columns, for
// weights that are loaded and matrices that are not.
func (t *Tuner) columnsCells() ([]*cell, error) {
	return t.gather(func(add func(*cell, error) error) error {
		for _, dt := range types {
			for _, s := range [...][2]int{{512, 2048}, {896, 896}, {256, 256}, {128, 1024}, {1024, 64}} {
				for _, loaded := range [...]bool{true, false} {
					w, err := t.matrix(s[0], s[1], dt, loaded)
					if err != nil {
						return err
					}
					for _, n := range columnsAxis {
						families := []kernels.Family{kernels.FamilyMLX, kernels.FamilySIMD}
						if n <= kernels.MaxSmallN {
							families = append(families, kernels.FamilySmallN)
						}
						if err := add(t.product(w, n, n, w.String(), families...)); err != nil {
							return err
						}
					}
				}
			}
		}
		return nil
	})
}

// softmaxCells compare the vec and the block kernel by the length of rows.
func (t *Tuner) softmaxCells() ([]*cell, error) {
	return t.gather(func(add func(*cell, error) error) error {
		for _, dt := range types {
			for _, rows := range [...]int{1, 64} {
				for _, cols := range softmaxAxis {
					class := fmt.Sprintf("%d rows %v", rows, dt)
					if err := add(t.softmax(rows, cols, dt, cols, class, kernels.FamilyVec, kernels.FamilyBlock)); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// curveCells are for the times t(N) alone: of operands of all sizes, as batches
// meet them. Small-N work has loaded weights, the other kinds mostly have not.
func (t *Tuner) curveCells() ([]*cell, error) {
	return t.gather(func(add func(*cell, error) error) error {
		for _, dt := range tensor.DTypes {
			for _, s := range [...][2]int{{64, 64}, {256, 256}, {896, 896}, {4864, 896}, {4096, 2048}} {
				weight, err := t.matrix(s[0], s[1], dt, true)
				if err != nil {
					return err
				}
				plain, err := t.matrix(s[0], s[1], dt, false)
				if err != nil {
					return err
				}
				for _, n := range curveColumns {
					err := add(t.product(weight, n, n, weight.String(), kernels.FamilySmallN))
					if err == nil {
						err = add(t.product(plain, n, n, plain.String(), kernels.FamilyMLX, kernels.FamilySIMD))
					}
					if err != nil {
						return err
					}
				}
			}
			for _, cols := range [...]int{64, 1024, 8192} {
				for _, rows := range curveRows {
					class := fmt.Sprintf("%d columns %v", cols, dt)
					if err := add(t.softmax(rows, cols, dt, rows, class, kernels.FamilyVec, kernels.FamilyBlock)); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// gather collects the cells that make adds.
func (t *Tuner) gather(make func(add func(*cell, error) error) error) (cells []*cell, err error) {
	err = make(func(c *cell, err error) error {
		if err == nil {
			cells = append(cells, c)
		}
		return err
	})
	return cells, err
}
