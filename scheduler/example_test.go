package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Multiply a vector by a weight that is kept on the device.
func Example() {
	ctx := context.Background()
	s, err := scheduler.Open(ctx, scheduler.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close(ctx)
	w, err := s.Load(tensor.Matrix([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	if err != nil {
		log.Fatal(err)
	}
	x, y := []float32{1, 1, 1}, make([]float32, 2)
	if err := s.Do(ctx, &job.Matmul{A: w.View(), B: tensor.Vector(x), C: tensor.Vector(y)}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(y)
	// Output: [6 15]
}

// openExample opens a scheduler and loads the matrix {1 2; 3 4}.
func openExample(cfg scheduler.Config) (*scheduler.Scheduler, *scheduler.Operand) {
	cfg.DeviceName = "cpu"
	s, err := scheduler.Open(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	w, err := s.Load(tensor.Matrix([]float32{1, 2, 3, 4}, 2, 2))
	if err != nil {
		log.Fatal(err)
	}
	return s, w
}

// Hand a job over, do something else, and wait for its result later.
func ExampleScheduler_Submit() {
	ctx := context.Background()
	s, w := openExample(scheduler.Config{})
	defer s.Close(ctx)

	x, y := []float32{10, 1}, make([]float32, 2)
	h, err := s.Submit(ctx, &job.Matmul{A: w.View(), B: tensor.Vector(x), C: tensor.Vector(y)})
	if err != nil {
		log.Fatal(err) // refused: it will never run
	}
	// ... x and y belong to the job until it has ended ...
	if err := h.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	outcome, _ := h.Outcome()
	fmt.Println(outcome, y)
	// Output: done [12 34]
}

// Submit many jobs in one step and wait for all of them, once.
func ExampleScheduler_DoAll() {
	ctx := context.Background()
	s, w := openExample(scheduler.Config{})
	defer s.Close(ctx)

	xs := [][]float32{{1, 0}, {0, 1}, {1, 1}}
	ys := make([][]float32, len(xs))
	jobs := make([]job.Job, len(xs))
	for i, x := range xs {
		ys[i] = make([]float32, 2)
		jobs[i] = &job.Matmul{A: w.View(), B: tensor.Vector(x), C: tensor.Vector(ys[i])}
	}
	if err := s.DoAll(ctx, jobs); err != nil {
		log.Fatal(err)
	}
	fmt.Println(ys)
	// Output: [[1 3] [2 4] [3 7]]
}

// Submit many jobs in one step and use each result as soon as it is there.
func ExampleScheduler_SubmitAll() {
	ctx := context.Background()
	s, w := openExample(scheduler.Config{})
	defer s.Close(ctx)

	y, z := make([]float32, 2), make([]float32, 2)
	handles, err := s.SubmitAll(ctx, []job.Job{
		&job.Matmul{A: w.View(), B: tensor.Vector([]float32{1, 0}), C: tensor.Vector(y)},
		&job.Matmul{A: w.T(), B: tensor.Vector([]float32{1, 0}), C: tensor.Vector(z)},
	})
	if err != nil {
		log.Fatal(err)
	}
	for i, h := range handles {
		if err := h.Wait(ctx); err != nil {
			log.Fatal(err)
		}
		fmt.Println([][]float32{y, z}[i])
	}
	// Output:
	// [1 3]
	// [1 2]
}

// Say who a job is for, how urgent it is and when it is too late.
func ExampleScheduler_Do_options() {
	ctx := context.Background()
	s, w := openExample(scheduler.Config{Limits: job.Limits{TenantJobs: 1000}})
	defer s.Close(ctx)

	y := make([]float32, 2)
	j := &job.Matmul{A: w.View(), B: tensor.Vector([]float32{1, 1}), C: tensor.Vector(y)}
	j.Tenant, j.Priority, j.Deadline = "chat", job.High, time.Now().Add(time.Minute)
	fmt.Println(s.Do(ctx, j), y)

	j.Deadline = time.Now().Add(-time.Second)
	fmt.Println(errors.Is(s.Do(ctx, j), job.ErrExpired))
	audit := s.TenantAudit("chat")
	fmt.Println("done:", audit.Done, "rejected:", audit.Rejected)
	// Output:
	// <nil> [3 7]
	// true
	// done: 1 rejected: 1
}

// Turn work away when too much is in flight, and try again later. With
// Options.Wait the scheduler waits for room itself.
func ExampleScheduler_Submit_retry() {
	ctx := context.Background()
	s, w := openExample(scheduler.Config{Limits: job.Limits{Jobs: 1}, Linger: time.Second})
	defer s.Close(ctx)

	product := func(x ...float32) *job.Matmul {
		return &job.Matmul{A: w.View(), B: tensor.Vector(x), C: tensor.Vector(make([]float32, 2))}
	}
	first, err := s.Submit(ctx, product(1, 1))
	if err != nil {
		log.Fatal(err)
	}
	_, err = s.Submit(ctx, product(1, 2))
	fmt.Println(errors.Is(err, job.ErrQueueFull))

	first.Cancel() // there is room again, as when it is done
	second, err := s.Submit(ctx, product(1, 2))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(second.Wait(ctx))
	// Output:
	// true
	// <nil>
}

// Replace a weight while it is in use. Jobs see what it held when they were
// submitted.
func ExampleOperand_Update() {
	ctx := context.Background()
	s, w := openExample(scheduler.Config{})
	defer s.Close(ctx)
	defer w.Release()

	y := make([]float32, 2)
	j := &job.Matmul{A: w.View(), B: tensor.Vector([]float32{1, 1}), C: tensor.Vector(y)}
	fmt.Println(s.Do(ctx, j), y)
	if err := w.Update(tensor.Matrix([]float32{10, 20, 30, 40}, 2, 2)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Do(ctx, j), y)
	// Output:
	// <nil> [3 7]
	// <nil> [30 70]
}

// Attention scores: softmax in place, each row over the columns up to its own.
func ExampleScheduler_Do_softmax() {
	ctx := context.Background()
	s, _ := openExample(scheduler.Config{})
	defer s.Close(ctx)

	scores := []float32{5, 9, 9, 1, 1, 9, 2, 2, 2}
	if err := s.Do(ctx, &job.Softmax{X: tensor.Matrix(scores, 3, 3), Causal: true}); err != nil {
		log.Fatal(err)
	}
	for row := range 3 {
		fmt.Printf("%.2f\n", scores[3*row:][:3])
	}
	// Output:
	// [1.00 0.00 0.00]
	// [0.50 0.50 0.00]
	// [0.33 0.33 0.33]
}

// The activations may stand on the left, as decoding writes them: y = x*W.
func ExampleScheduler_Do_decode() {
	ctx := context.Background()
	s, w := openExample(scheduler.Config{})
	defer s.Close(ctx)

	y := make([]float32, 2)
	err := s.Do(ctx, &job.Matmul{
		A: tensor.Matrix([]float32{1, 10}, 1, 2), B: w.View(), C: tensor.Matrix(y, 1, 2),
		Bias: tensor.Vector([]float32{0.5, 0.25}), Scale: job.AlphaBeta(2, 0),
	})
	fmt.Println(err, y)
	// Output: <nil> [62.5 84.25]
}
