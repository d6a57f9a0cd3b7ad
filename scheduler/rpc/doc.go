// Package rpc is a client of metallic-sched serve. A [Client] has the methods of
// a scheduler in this process, so that a program uses one or the other by one
// line:
//
//	s, err := scheduler.Open(ctx, scheduler.Config{})
//	s, err := rpc.Dial(ctx, "unix:///run/metallic-sched.sock", rpc.Config{})
//
// The wire API is that of proto/; make wire makes its code.
package rpc
