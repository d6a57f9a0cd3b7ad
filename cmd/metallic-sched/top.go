package main

import (
	"context"
	"os"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/top"
)

// topCommand shows what a server does.
type topCommand struct {
	serverFlags
	Interval time.Duration `default:"1s" help:"How often to look (default: ${default})."`
	Once     bool          `help:"Write one frame as plain text, about one interval. So it is also where the output is no terminal."`
}

// Run implements the command.
func (c *topCommand) Run(ctx context.Context, s streams) error {
	if c.Interval < 10*time.Millisecond {
		return wrongUsage("--interval is %v; allowed: at least 10ms", c.Interval)
	}
	server, err := c.Server(c.Addr)
	if err != nil {
		return err
	}
	if c.Once || !isTerminal(s.out) {
		return top.Once(ctx, top.NewWatch(server), c.Interval, s.out)
	}
	return top.Run(ctx, top.NewWatch(server), c.Interval, os.Stdin, behind(s.out))
}
