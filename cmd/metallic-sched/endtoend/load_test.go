package endtoend

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// side is of the square weight that loads multiply by.
const side = 256

// weights returns the identity, so that every product is known.
func weights() []float32 {
	w := make([]float32, side*side)
	for i := range side {
		w[i*side+i] = 1
	}
	return w
}

// weightsFile returns a .safetensors file with the weights, named w.
func weightsFile(t *testing.T) string {
	var raw []byte
	for _, x := range weights() {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	view, err := safetensors.NewTensorView(safetensors.F32, []uint64{side, side}, raw)
	require.NoError(t, err)
	text, err := safetensors.Serialize(map[string]safetensors.TensorView{"w": view}, nil)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// product multiplies a vector of numbers by the weights and checks the result.
func product(ctx context.Context, d job.Doer, w tensor.View, n int, o job.Options) error {
	x, y := make([]float32, side), make([]float32, side)
	for i := range x {
		x[i] = float32(n + i)
	}
	if err := d.Do(ctx, &job.Matmul{A: w, B: tensor.Vector(x), C: tensor.Vector(y), Options: o}); err != nil {
		return err
	}
	for i := range y {
		if y[i] != x[i] {
			return fmt.Errorf("element %d is %v, not %v", i, y[i], x[i])
		}
	}
	return nil
}

// load is several callers who multiply without a pause.
type load struct {
	stop    context.CancelFunc
	done    atomic.Int64
	callers sync.WaitGroup

	mu     sync.Mutex
	errors []error // the last of each caller: it ends with its first error
}

func startLoad(d job.Doer, w tensor.View, callers int, o job.Options) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop}
	for i := range callers {
		l.callers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := product(context.WithoutCancel(ctx), d, w, i*1000+n%1000, o); err != nil {
					l.mu.Lock()
					l.errors = append(l.errors, err)
					l.mu.Unlock()
					return
				}
				l.done.Add(1)
			}
		})
	}
	return l
}

// reach waits until n jobs are done.
func (l *load) reach(t *testing.T, n int64) {
	t.Helper()
	from := l.done.Load()
	require.Eventually(t, func() bool { return l.done.Load()-from >= n }, patience, poll, "the load does not run: %v", l.failures())
}

func (l *load) failures() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]error(nil), l.errors...)
}

// end waits for all callers.
func (l *load) end() []error {
	l.stop()
	l.callers.Wait()
	return l.failures()
}

// clientVariable makes this program a client of the server that it names.
const clientVariable = "ENDTOEND_CLIENT"

// beClient puts a load on a server until it is killed, on a weight of its own.
func beClient(target string) int {
	c, err := rpc.Dial(context.Background(), target, rpc.Config{Tenant: "doomed"})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	own := weights()
	own[1] = 1e-30 // content that no other client has
	w, err := c.Load(tensor.Matrix(own, side, side))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	l := startLoad(c, w.View(), 16, job.Options{})
	fmt.Println("loading")
	l.callers.Wait()
	fmt.Println(l.failures())
	return 1
}
