package actors

// Health says whether an engine's device takes work.
type Health int32

// The states of a device.
const (
	Up         Health = iota
	Restarting        // what waits runs when there is another queue or device
	Down              // every job fails from now on
)

// Health returns how the device is. It may be called from any goroutine.
func (e *Engine) Health() Health { return Health(e.health.Load()) }
