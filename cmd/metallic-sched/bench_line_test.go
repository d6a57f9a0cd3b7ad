package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

func TestBenchLine(t *testing.T) {
	s, err := suite.Find("matmul_dispatcher_smalln")
	require.NoError(t, err)
	l := newBenchLine(len(s.Cases))
	require.Empty(t, l.text(time.Now()))
	l.before(s.Cases[0])
	l.before(s.Cases[1])
	l.before(s.Cases[0]) // measured
	require.Equal(t, "case 2 of 248: m=128/k=1024/n=1/dtype=f16/loaded=a/backend=auto", l.text(time.Now()))
	l.before(s.Cases[len(s.Cases)-2])
	require.Equal(t, "case 3 of 248: …6/dtype=f32/alpha=2.5/beta=1.5/loaded=a/backend=gemv", l.text(time.Now()))
}
