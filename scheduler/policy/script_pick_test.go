package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// picker is a virtual clock and the open buckets of a script, by name.
type picker struct {
	now    time.Time
	tuning PickTuning
	names  []string
	cands  []Candidate
}

// start is 0 on the virtual clock: a real time, so that it is not "none".
var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func (p *picker) setAgeStep(words []string) (string, error) {
	step, err := time.ParseDuration(words[0])
	p.tuning.AgeStep = step
	return "", err
}

func (p *picker) setClock(words []string) (string, error) {
	at, err := time.ParseDuration(words[0])
	p.now = start.Add(at)
	return "", err
}

// bucket adds a bucket: its name, then when the oldest job of a class came
// (low=, normal=, high=), used= and served= of the tenants, deadline=, jobs= and
// time=.
func (p *picker) bucket(words []string) (string, error) {
	var c Candidate
	for _, w := range words[1:] {
		name, value := option(w)
		if name == "jobs" {
			n, err := strconv.Atoi(value)
			if err != nil {
				return "", err
			}
			c.Jobs = n
			continue
		}
		d, err := time.ParseDuration(value)
		if err != nil {
			return "", err
		}
		switch name {
		case "low":
			c.Oldest[job.Low.Class()] = start.Add(d)
		case "normal":
			c.Oldest[job.Normal.Class()] = start.Add(d)
		case "high":
			c.Oldest[job.High.Class()] = start.Add(d)
		case "used":
			for class := range c.TenantUsed {
				c.TenantUsed[class] = Virtual(d)
			}
		case "served":
			for class := range c.Served {
				c.Served[class] = start.Add(d)
			}
		case "time":
			c.Time = d
		case "deadline":
			c.Deadline = start.Add(d)
		default:
			return "", unknown(w)
		}
	}
	p.names, p.cands = append(p.names, words[0]), append(p.cands, c)
	return "", nil
}

func (p *picker) pick([]string) (string, error) {
	i, reason := Pick(p.now, p.cands, p.tuning)
	if i < 0 {
		return fmt.Sprintf("-: %s\n", reason), nil
	}
	return fmt.Sprintf("%s: %s\n", p.names[i], reason), nil
}

// drain picks until nothing waits, then forgets the buckets.
func (p *picker) drain([]string) (string, error) {
	var out strings.Builder
	for {
		i, reason := Pick(p.now, p.cands, p.tuning)
		if i < 0 {
			p.names, p.cands = nil, nil
			return out.String(), nil
		}
		fmt.Fprintf(&out, "%s: %s\n", p.names[i], reason)
		p.cands[i] = Candidate{}
	}
}
