package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/decode"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// runCommand replays Qwen2.5-0.5B's decode phase.
type runCommand struct {
	Device    string        `placeholder:"NAME" help:"The device to use, or several: cuda:0,cuda:1; cuda:all (default: METALLIC_DEVICE, or the best found)."`
	Sequences int           `default:"64" help:"Texts generated at once."`
	Layers    int           `default:"4" help:"Layers of the model, fewer if they do not fit."`
	For       time.Duration `default:"20s" help:"How long to work; half of it goes to the same sequences without batching."`
	Memory    byteSize      `default:"2GiB" help:"What weights and sequences may take."`
	Dtype     string        `placeholder:"TYPE" help:"Element type of weights and activations: f32, f16 (default), bf16."`
	Seed      uint64        `default:"1" help:"Seed of the made-up weights and texts."`
	Weights   string        `type:"path" placeholder:"FILE" help:"Take the weights from a .safetensors file of a Qwen2 model instead."`
}

// lanes are the two ways in which a run replays its sequences.
const lanes = 2

// Run implements the command.
func (c *runCommand) Run(ctx context.Context, s streams) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	cfg, err := environment(c.Device)
	if err != nil {
		return err
	}
	src, closer, err := c.source()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	fit, err := decode.FitInto(int64(c.Memory), src.Model(), src.DType(), min(c.Layers, src.Layers()), c.Sequences, lanes)
	if err != nil {
		return err
	}
	devices, err := openNamed(&cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, devices.Close()) }()
	report, err := c.replay(ctx, s, cfg, devices, src, fit)
	if report != nil {
		report.write(s.out)
		err = errors.Join(err, report.verdict())
	}
	return err
}

func (c *runCommand) check() error {
	switch {
	case c.Sequences < 1:
		return wrongUsage("--sequences is %d; allowed: at least 1", c.Sequences)
	case c.Layers < 1:
		return wrongUsage("--layers is %d; allowed: at least 1", c.Layers)
	case c.For <= 0:
		return wrongUsage("--for is %v; allowed: more than 0", c.For)
	}
	return nil
}

// source returns the weights, and what to close after their use.
func (c *runCommand) source() (decode.Source, io.Closer, error) {
	model, err := decode.Qwen()
	if err != nil {
		return nil, nil, err
	}
	dt := tensor.F16
	if c.Dtype != "" {
		if dt, err = tensor.ParseDType(c.Dtype); err != nil {
			return nil, nil, wrongUsage("--dtype: %v", err)
		}
	}
	if c.Weights == "" {
		src, err := decode.NewRandom(model, dt, c.Seed)
		return src, io.NopCloser(nil), err
	}
	file, err := decode.OpenFile(c.Weights, model)
	if err != nil {
		return nil, nil, err
	}
	if c.Dtype != "" && dt != file.DType() {
		return nil, nil, errors.Join(wrongUsage("--dtype is %v, but %s is %v", dt, c.Weights, file.DType()), file.Close())
	}
	return file, file, nil
}

// announce says what was chosen before it takes any time.
func (c *runCommand) announce(w io.Writer, info device.Info, src decode.Source, fit decode.Fit) {
	m, head := src.Model(), "lm_head"
	if !fit.Head {
		head = "no lm_head (it does not fit)"
	}
	weights := "made-up weights"
	if c.Weights != "" {
		weights = "weights of " + c.Weights
	}
	fmt.Fprintf(w, "device     %s: %s, %d threads\n", info.Backend, info.Name, info.Threads)
	fmt.Fprintf(w, "model      %d of %d layers, width %d, %s, %v, %s\n", fit.Layers, m.Layers, m.Hidden, head, src.DType(), weights)
	fmt.Fprintf(w, "load       %d sequences, each with %d to %d tokens in its cache\n", c.Sequences, m.MinLen, m.MaxLen)
	fmt.Fprintf(w, "box        %v of work, about %v of %v of memory\n", c.For, byteSize(fit.Bytes), c.Memory)
	if info.Backend == "sim" {
		fmt.Fprintln(w, "NOT CHECKED: the sim device computes nothing, so no result can be compared with its reference")
	}
}

// replay runs both lanes in turns. A nil report means that nothing ran.
func (c *runCommand) replay(ctx context.Context, s streams, cfg scheduler.Config, devices openDevices, src decode.Source, fit decode.Fit) (*report, error) {
	r, err := openReplay(ctx, cfg, devices)
	if err != nil {
		return nil, err
	}
	info := r.lanes[0].Scheduler().Info()
	c.announce(s.err, info, src, fit)
	weights, err := decode.Load(src, fit, r.schedulers())
	if err == nil {
		err = r.start(weights, fit, c.Sequences, c.Seed)
	}
	started := err == nil
	if started {
		err = r.alternate(ctx, c.For, s.err)
	}
	err = errors.Join(err, r.close())
	weights.Release()
	if !started {
		return nil, err
	}
	report := &report{info: info, fit: fit, interrupted: ctx.Err() != nil}
	report.batched, report.alone = r.lanes[0].Summary(), r.lanes[1].Summary()
	if report.batched.Jobs+report.alone.Jobs == 0 {
		return nil, errors.Join(err, errors.New("run: ended before a job was answered; give it more time with --for"))
	}
	return report, err
}
