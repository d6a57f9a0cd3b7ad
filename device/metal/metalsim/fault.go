//go:build darwin || linux

package metalsim

// Point is a call that can be made to fail.
type Point int32

// The points. Calls that fail return nil, and an NSError where they have one,
// but for NoDevices.
const (
	NoDevice        Point = iota // MTLCreateSystemDefaultDevice
	NoQueue                      // newCommandQueue
	NoBuffer                     // newBufferWith...: out of memory
	NoLibrary                    // newLibraryWithSource
	NoPipeline                   // newComputePipelineState
	NoCommandBuffer              // commandBuffer
	NoMPS                        // MPSSupportsMTLDevice
	NoResidencySet               // newResidencySetWithDescriptor
	NoDevices                    // MTLCopyAllDevices: an empty NSArray
)

// Always is for Fail: until Heal.
const Always = -1

// Fail makes the next calls at a point fail.
func (s *Simulator) Fail(p Point, times int) { s.c.fail(int32(p), times) }

// Code is an MTLCommandBufferError. The texts of the errors are Metal's.
type Code int

// The codes.
const (
	Internal        Code = 1
	Timeout         Code = 2
	PageFault       Code = 3
	Ignored         Code = 4 // for causing earlier errors
	NotPermitted    Code = 7
	OutOfMemory     Code = 8
	InvalidResource Code = 9
	DeviceRemoved   Code = 11
)

// FailCommand makes the next command buffer that starts, for which nothing is
// ordered yet, end with an error after so many commands (dispatches, MPS
// kernels, copies) ran.
func (s *Simulator) FailCommand(code Code, after int) {
	s.c.failCommand(int(code), uint(after), false, false)
}

// FailCommands does the same to all that follow, until Heal.
func (s *Simulator) FailCommands(code Code, after int) {
	s.c.failCommand(int(code), uint(after), false, true)
}

// Hang makes the next command buffer that starts, for which nothing is ordered
// yet, hang before its first command until Release or Heal.
func (s *Simulator) Hang() { s.c.failCommand(0, 0, true, false) }

// WaitHanging waits until n command buffers hang at the same time, each on a
// queue of its own.
func (s *Simulator) WaitHanging(n int) { s.c.waitHanging(n) }

// Release lets all hanging command buffers run.
func (s *Simulator) Release() { s.c.release(0) }

// ReleaseWith ends all hanging command buffers with an error: Timeout is what
// the watchdog of macOS does after some seconds.
func (s *Simulator) ReleaseWith(code Code) { s.c.release(int(code)) }

// Heal forgets all faults that did not happen yet and lets hanging command
// buffers run.
func (s *Simulator) Heal() { s.c.heal() }
