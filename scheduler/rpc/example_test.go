package rpc_test

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// A program runs its jobs on a scheduler of its own or on one that it shares
// with others: the difference is one line.
func Example() {
	ctx := context.Background()
	target, stop := exampleServer()
	defer stop()

	// s, err := scheduler.Open(ctx, scheduler.Config{})
	s, err := rpc.Dial(ctx, target, rpc.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close(ctx)
	w, err := s.Load(tensor.Matrix([]float32{1, 2, 3, 4}, 2, 2))
	if err != nil {
		fmt.Println(err)
		return
	}
	y := make([]float32, 2)
	err = s.Do(ctx, &job.Matmul{A: w.View(), B: tensor.Vector([]float32{5, 6}), C: tensor.Vector(y)})
	fmt.Println(y, err)
	// Output: [17 39] <nil>
}

// exampleServer is what metallic-sched serve does.
func exampleServer() (target string, stop func()) {
	s, err := scheduler.Open(context.Background(), scheduler.Config{DeviceName: "cpu"})
	if err != nil {
		panic(err)
	}
	srv, err := server.New(server.Config{Scheduler: s})
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	h := &http.Server{Handler: srv.Handler(), Protocols: server.Protocols(), HTTP2: server.HTTP2()}
	go func() { _ = h.Serve(l) }()
	return "http://" + l.Addr().String(), func() {
		_ = h.Close()
		_ = srv.Close()
		_ = s.Close(context.Background())
	}
}
