package main

import (
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/array"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// operand is a matrix of a job: out of a file, or one that the server has.
type operand struct {
	name  string       // of the server's; "" for one out of a file
	array *array.Array // nil for one of the server's
	view  tensor.View  // after worker.resolve
}

// readOperand reads FILE or name:OPERAND, and shows a file as view does. field is
// for errors.
func readOperand(field, text string, server bool, view func(*array.Array, string) (tensor.View, error)) (*operand, error) {
	name, named := strings.CutPrefix(text, "name:")
	switch {
	case named && name == "":
		return nil, wrongUsage("%s: no name after name:", field)
	case named && !server:
		return nil, wrongUsage("%s: %s is an operand of a server: say which with --addr", field, text)
	case named:
		return &operand{name: name}, nil
	}
	a, err := readArray(field, text)
	if err != nil {
		return nil, err
	}
	v, err := view(a, text)
	return &operand{array: a, view: v}, err
}

// readArray reads what a file has.
func readArray(field, text string) (*array.Array, error) {
	p, err := array.ParsePlace(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	a, err := array.Read(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return a, nil
}

// resultType reads --dtype; 0 if nothing is said.
func resultType(text string) (tensor.DType, error) {
	if text == "" {
		return 0, nil
	}
	dt, err := tensor.ParseDType(text)
	if err != nil {
		return 0, wrongUsage("--dtype: %v", err)
	}
	return dt, nil
}

// rank returns the dimensions that the operand was written with; of those of
// the server's all but a batch of 1.
func (o *operand) rank() int {
	switch {
	case o.array != nil:
		return len(o.array.Shape)
	case o.view.Matrices() > 1:
		return 3
	}
	return 2
}

// bytes returns what a message would have to carry.
func (o *operand) bytes() int {
	if o.view.Resident() != nil {
		return 0
	}
	return o.view.Len() * o.view.DType().Size()
}

// keep makes the operand one that a Doer has.
func (o *operand) keep(held job.Operand) { o.view = held.View() }
