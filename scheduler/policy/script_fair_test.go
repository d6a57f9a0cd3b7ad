package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// fairScript is a device that serves one job at a time, and the tenants of a
// script.
type fairScript struct {
	clock   Clock
	turns   Turns[*fairTenant]
	tenants []*fairTenant
}

type fairTenant struct {
	Share
	name  string
	times []fairJob
}

// fairJob is what a job was thought to take and what it takes.
type fairJob struct{ predicted, takes time.Duration }

func (f *fairScript) find(name string) (*fairTenant, error) {
	for _, t := range f.tenants {
		if t.name == name {
			return t, nil
		}
	}
	return nil, unknown(name)
}

// tenant adds a tenant: its name and weight=.
func (f *fairScript) tenant(words []string) (string, error) {
	t := &fairTenant{Share: NewShare(1), name: words[0]}
	for _, w := range words[1:] {
		name, value := option(w)
		if name != "weight" {
			return "", unknown(w)
		}
		weight, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return "", err
		}
		t.Share = NewShare(weight)
	}
	f.tenants = append(f.tenants, t)
	return "", nil
}

// wait has n jobs of a tenant wait, each for a time: a 5 10ms. predicted= says
// what they are thought to take if that is something else.
func (f *fairScript) wait(words []string) (string, error) {
	t, err := f.find(words[0])
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(words[1])
	if err != nil {
		return "", err
	}
	takes, err := time.ParseDuration(words[2])
	j := fairJob{takes, takes}
	for _, w := range words[3:] {
		name, value := option(w)
		if name != "predicted" {
			return "", unknown(w)
		}
		j.predicted, err = time.ParseDuration(value)
	}
	if len(t.times) == 0 {
		f.clock.Enter(&t.Share)
		f.turns.Push(&t.Share, t)
	}
	for range n {
		t.times = append(t.times, j)
	}
	return "", err
}

// serve serves n jobs, or fewer if no more wait, and prints whose they were and
// what everybody has used then.
func (f *fairScript) serve(words []string) (string, error) {
	n, err := strconv.Atoi(words[0])
	var names, used []string
	for range n {
		t, ok := f.turns.First()
		if !ok {
			break
		}
		f.clock.Advance(t.Used())
		j := t.times[0]
		if t.times = t.times[1:]; len(t.times) == 0 {
			f.turns.Drop()
		}
		t.Charge(float64(j.predicted))
		t.Charge(float64(j.takes - j.predicted))
		names = append(names, t.name)
	}
	for _, t := range f.tenants {
		used = append(used, fmt.Sprintf("%s=%v", t.name, t.Used()))
	}
	return fmt.Sprintf("%s (%s, clock %v)\n", strings.Join(names, " "), strings.Join(used, " "), f.clock.Now()), err
}
