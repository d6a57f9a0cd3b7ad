package launch_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/launch"
	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// copySizes have edges in every direction, rows that are vectors and single
// rows and columns.
var copySizes = []tensor.Dims{{2, 3, 5}, {1, 1, 7}, {1, 7, 1}, {3, 1, 1}, {1, 0, 4}, {1, 70, 57}, {2, 64, 32}, {1, 1, 3000}, {1, 2, 1100}, {1, 9, 256}}

// copyAll copies between all layouts, and returns what went wrong first.
func (r *rig) copyAll() error {
	for _, dt := range tensor.DTypes {
		for _, d := range copySizes {
			for _, from := range kerneltest.Layouts {
				for _, to := range kerneltest.Layouts {
					src, dst := kerneltest.NewOperand(dt, d, from, false), kerneltest.NewOperand(dt, d, to, false)
					if err := r.copyOne(src, dst); err != nil {
						return fmt.Errorf("%v %v, %v to %v: %w", dt, d, from, to, err)
					}
				}
			}
		}
	}
	return nil
}

func (r *rig) copyOne(src, dst *kerneltest.Operand) error {
	n := 0
	src.Fill(func(int, int, int) float32 { n++; return float32(n % 251) })
	src.Seal()
	dst.Seal()
	if err := r.runCopy(&device.Copy{Dst: place(dst), Src: place(src)}); err != nil {
		return err
	}
	if err := src.Changed(nil); err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if err := dst.Changed(func(int, int, int) bool { return true }); err != nil {
		return fmt.Errorf("destination: %w", err)
	}
	d := src.View.Dims()
	for b := range d[0] {
		for i := range d[1] {
			for j := range d[2] {
				if from, to := src.Bits(b, i, j), dst.Bits(b, i, j); from != to {
					return fmt.Errorf("element %d, %d, %d is %#x; want %#x", b, i, j, to, from)
				}
			}
		}
	}
	return nil
}

func (r *rig) runCopy(c *device.Copy) error {
	var l launch.Launch
	empty, err := l.Copy(c)
	if err != nil || empty {
		return err
	}
	k, err := launch.CopyKernel(c.Src.View.DType())
	if err != nil {
		return err
	}
	if r.edit != nil {
		k.Source = r.edit(k.Source)
	}
	program, err := r.programs.get(k.Source)
	if err != nil {
		return err
	}
	return program.Run(r.job(k, &l))
}

func TestCopies(t *testing.T) {
	onceUnderRace(t)
	libraries := libraries(t)
	for _, s := range []msl.Schedule{msl.Forward, msl.Reverse, msl.Random(1)} {
		require.NoError(t, (&rig{programs: libraries, schedule: s}).copyAll(), s)
	}
	for _, s := range []msl.Sanitizer{msl.Thread, msl.Address} {
		require.NoError(t, (&rig{programs: sanitized(t, s)}).copyAll(), s)
	}
}

// Copies with a mistake do not survive. They run in a process of their own,
// since some write where they should not.
func TestCopyTwins(t *testing.T) {
	onceUnderRace(t)
	programs := sanitized(t, msl.Address)
	for _, w := range []twin{
		{mistake: "squares are read too early", text: "  threadgroup_barrier(mem_flags::mem_threadgroup);\n"},
		{mistake: "squares are not turned", text: "square[thread_place.x][pass];", instead: "square[pass][thread_place.x];"},
		{mistake: "vectors past the end", text: "args.cols - first >= threads.x * 4", instead: "args.cols > first"},
		{mistake: "vectors with gaps", text: "args.src.col == 1 && ", instead: ""},
		{mistake: "columns past the end", text: "    if (col < args.cols) {\n      dst[to", instead: "    {\n      dst[to"},
		{mistake: "rows past the end", text: "if (row >= args.rows) {", instead: "if (row > args.rows) {"},
		{mistake: "squares past the last row", text: "row < args.rows && ", n: 2, instead: ""},
		{mistake: "squares past the last column", text: "col < args.cols) {\n      dst[at", instead: "true) {\n      dst[at"},
		{mistake: "half a square", text: "pass < SIDE; pass += PASS", n: 1, instead: "pass < SIDE / 2; pass += PASS"},
		{mistake: "one matrix of the batch", text: "at(args.src, group.z, row, 0)", instead: "at(args.src, 0, row, 0)"},
	} {
		t.Run(w.mistake, func(t *testing.T) {
			r := &rig{programs: programs, schedule: msl.Random(1), edit: func(source string) string { return w.apply(t, source) }}
			err := r.copyAll()
			require.Error(t, err)
			t.Log(firstLine(err.Error()))
		})
	}
}
