package actors

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
)

// tardy is a device whose alarms are late.
type tardy struct {
	*sim.Device
	by      time.Duration
	stopped int
}

type tardyAlarm struct {
	of *tardy
	*time.Timer
}

func (d *tardy) NewAlarm(ring func()) device.Alarm {
	t := time.AfterFunc(time.Hour, ring)
	t.Stop()
	return tardyAlarm{d, t}
}

func (a tardyAlarm) Set(in time.Duration) { a.Reset(in + a.of.by) }

func (a tardyAlarm) Stop() {
	a.Timer.Stop()
	a.of.stopped++
}

// The desk is woken for room by the device's alarms. For as long as those are late
// the device waits between two batches, up to all that it takes to hand one over.
func TestDeviceWaitsForALateAlarm(t *testing.T) {
	const us = time.Microsecond
	for by, pause := range map[time.Duration]time.Duration{0: 0, 20 * us: 20 * us, time.Millisecond: 100 * us} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var d *tardy
				s := &seen{zero: time.Now()}
				r := newRig(t, sim.Config{Before: 100 * us, Launch: 500 * us, QueueDepth: 3, Fault: s.fault}, func(c *Config) {
					d = &tardy{Device: c.Device.(*sim.Device), by: by}
					c.Device = d
				})
				w := fill(4, 4, 1)
				for range 10 { // the model learns how long they take
					wait(r.submit(product(w, 1, 1))...)
				}
				n := len(s.at)
				for range 30 {
					r.submit(product(w, 1, 1))
					time.Sleep(50 * us)
				}
				wait(r.refs...)
				for i := n + 2; i < len(s.at); i++ { // the first is not waited for by anybody
					require.InDelta(t, 500*us+pause, s.at[i]-s.at[i-1], float64(us))
				}
				require.NoError(t, r.close(background))
				require.Equal(t, 1, d.stopped)
				synctest.Wait()
			})
		})
	}
}

// So is it when the first of those that linger has lingered.
func TestLingerForALateAlarm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const ms = time.Millisecond
		r := newRig(t, sim.Config{}, func(c *Config) {
			c.Linger, c.Device = 10*ms, &tardy{Device: c.Device.(*sim.Device), by: 3 * ms}
		})
		start := time.Now()
		wait(r.submit(product(fill(4, 4, 1), 1, 1))...)
		require.Equal(t, 13*ms, time.Since(start))
	})
}
