package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// explainCommand shows what selection does with a problem.
type explainCommand struct {
	Op    string `arg:"" optional:"" help:"matmul, softmax or attention."`
	Shape string `arg:"" optional:"" help:"MxKxN for matmul, ROWSxCOLUMNS for softmax, ROWSxDIMxKEYS for attention."`

	M       int `short:"m" help:"Rows, instead of a shape."`
	K       int `short:"k" help:"Inner dimension, instead of a shape."`
	N       int `short:"n" help:"Columns, instead of a shape."`
	Batch   int `default:"1" help:"Products, matrices or heads in the job."`
	KVHeads int `name:"kv-heads" placeholder:"N" help:"Heads of keys and values (default: as many as --batch)."`

	Dtype       string `default:"f16" placeholder:"TYPE" help:"Element type: f32, f16 or bf16, or three of them for A, B and C, as in f16,f32,f32."`
	TransA      bool   `help:"A is transposed."`
	TransB      bool   `help:"B is transposed."`
	Beta        bool   `help:"Beta is not 0."`
	Bias        bool   `help:"There is a bias."`
	Causal      bool   `help:"The softmax or attention has a causal mask."`
	QueryOffset int    `help:"Position of the first row among the columns or keys."`
	Loaded      string `default:"none" enum:"a,b,none" help:"Which operand was loaded: decides the orientation (a, b, none)."`

	Device string `placeholder:"NAME" help:"The device to ask (default: METALLIC_DEVICE, or the best found)."`
	Caps   string `placeholder:"LIST" help:"Assume these capabilities instead: none, or a list of simd, vendor, reduction, simdgroup=N, max-threadgroup=N."`
	JSON   bool   `name:"json" help:"Write JSON."`
	File   string `short:"f" placeholder:"FILE" help:"Explain every line of a CSV file (- for standard input) with the columns suite,m,k,n,expect; fail if a choice is not the expected one: a backend, or one with its variant as in smalln/N4."`
}

// Run implements the command.
func (c *explainCommand) Run(s streams) error {
	e, err := c.selector(s.err)
	if err != nil {
		return err
	}
	if c.File != "" {
		return c.explainFile(s, e)
	}
	q, err := c.question()
	if err != nil {
		return err
	}
	answer, err := e.explain(q)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(s.out, answer)
	}
	answer.write(s.out)
	return nil
}

// question reads the problem from the command line.
func (c *explainCommand) question() (question, error) {
	op := kernels.Op(0)
	for _, o := range []kernels.Op{kernels.OpMatmul, kernels.OpSoftmax, kernels.OpAttention} {
		if c.Op == o.String() {
			op = o
		}
	}
	if op == 0 {
		return question{}, wrongUsage("explain what? give matmul, softmax or attention and a shape, or --file (got %q)", c.Op)
	}
	q, err := c.modes(op)
	if err != nil {
		return q, err
	}
	err = c.readShape(&q)
	return q, err
}

// modes reads everything but the shape.
func (c *explainCommand) modes(op kernels.Op) (question, error) {
	q := question{
		op: op, shape: kernels.Shape{Batch: c.Batch},
		transA: c.TransA, transB: c.TransB, beta: c.Beta, bias: c.Bias,
		causal: c.Causal, queryOffset: c.QueryOffset, loaded: c.Loaded, kvHeads: cmp.Or(c.KVHeads, c.Batch),
	}
	switch {
	case op != kernels.OpAttention:
	case c.Batch < 1:
		return q, wrongUsage("--batch is %d; allowed: 1 or more", c.Batch)
	case q.kvHeads < 1 || c.Batch%q.kvHeads != 0:
		return q, wrongUsage("--kv-heads is %d, --batch %d; allowed: a divisor of it", q.kvHeads, c.Batch)
	}
	var err error
	if q.a, q.b, q.c, err = parseTypes(c.Dtype); err != nil {
		return q, wrongUsage("%v", err)
	}
	return q, nil
}

func (c *explainCommand) readShape(q *question) (err error) {
	sizes := c.M != 0 || c.K != 0 || c.N != 0
	switch {
	case c.Shape != "" && sizes:
		return wrongUsage("give a shape or -m, -k and -n, not both")
	case c.Shape == "" && !sizes:
		return wrongUsage("no shape: give one like 4096x4096x1, or -m, -k and -n")
	case sizes:
		q.shape.M, q.shape.K, q.shape.N = c.M, c.K, c.N
		return nil
	}
	if q.shape, err = parseShape(q.op, c.Shape); err != nil {
		return wrongUsage("%v", err)
	}
	q.shape.Batch = c.Batch
	return nil
}

// selector is a device's capabilities and a user's preferences.
type selector struct {
	caps  kernels.Caps
	prefs policy.Prefs
	of    string // whose capabilities they are
}

func (c *explainCommand) selector(warnings io.Writer) (selector, error) {
	cfg, err := settings(c.Device)
	if err != nil {
		return selector{}, err
	}
	s := selector{prefs: *cfg.Prefs, of: "assumed"}
	if c.Caps != "" {
		if s.caps, err = parseCaps(c.Caps); err != nil {
			return s, wrongUsage("%v", err)
		}
	} else if err = s.ask(cfg, warnings); err != nil {
		return s, err
	}
	return s, s.prefs.Validate(s.caps, kernels.Default)
}

// ask takes the capabilities of a device, and thresholds of a profile of it.
func (s *selector) ask(cfg scheduler.Config, warnings io.Writer) error {
	names, err := discover.Expand(cfg.DeviceName)
	if err != nil {
		return err
	}
	d, err := discover.Open(names[0], cfg.Libraries()) // of several like devices any
	if err != nil {
		return err
	}
	s.caps, s.of = d.Info().Caps, d.Info().Backend
	tuned, err := cfg.Tuned(d.Info())
	if err != nil {
		fmt.Fprintf(warnings, "metallic-sched: the profile is NOT USED, defaults are: %v\n", err)
	}
	s.prefs = *tuned.Prefs
	return d.Close()
}

// explain answers a question.
func (s *selector) explain(q question) (*explanation, error) {
	form, err := q.arrange()
	if err != nil {
		return nil, err
	}
	plan, err := policy.Select(form.Problem, s.caps, s.prefs, kernels.Default)
	if err != nil {
		return nil, err
	}
	return newExplanation(s, &form, plan), nil
}
