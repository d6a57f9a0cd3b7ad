//go:build race

package tune

// raceDetector says that the tests run under the race detector, which makes
// what one goroutine computes many times as slow and finds nothing in it.
const raceDetector = true
