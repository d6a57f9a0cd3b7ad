package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
)

// BenchmarkDo is a job on devices that take no time: what placing it costs is
// the difference.
func BenchmarkDo(b *testing.B) {
	for name, n := range map[string]int{"scheduler": 0, "fleet of 2": 2, "fleet of 8": 8} {
		b.Run(name, func(b *testing.B) {
			var list []fleet.Device
			for i := range max(n, 1) {
				list = append(list, fleet.Device{Name: string(rune('a' + i)), Device: sim.Open(sim.Config{})})
			}
			s, err := fleet.OpenOn(background, scheduler.Config{}, list)
			require.NoError(b, err)
			w, err := s.LoadOperand(filled(64, 1))
			require.NoError(b, err)
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				j, _ := product(w)
				for p.Next() {
					if err := s.Do(background, j); err != nil {
						b.Errorf("%v", err)
					}
				}
			})
			require.NoError(b, s.Close(background))
		})
	}
}
