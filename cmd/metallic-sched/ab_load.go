package main

import (
	"bytes"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest/show"
)

// loadLines makes benchmark lines of load's raw results.
func loadLines(raw []byte) ([]byte, error) {
	runs, err := loadtest.Read(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	err = show.Lines(&lines, runs)
	return lines.Bytes(), err
}
