package tune

import (
	"context"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

func (t *Tuner) compareSuites(ctx context.Context, what string, usual, tried policy.Prefs, limit time.Duration) ([]profile.SuiteGain, error) {
	return nil, ctx.Err()
}
