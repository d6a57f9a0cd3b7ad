package loadtest

import (
	"encoding/binary"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Alarm waits for short times. An idle Go program sleeps in epoll_wait, whose
// clock has ticks of a millisecond; a timer that is a file wakes it within
// tens of microseconds. One goroutine at a time may use it.
type Alarm struct{ file *os.File }

// NewAlarm returns an Alarm, or nil if this system has none.
func NewAlarm() *Alarm {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	return &Alarm{os.NewFile(uintptr(fd), "timerfd")}
}

// wait waits for a time and reports whether it could.
func (a *Alarm) wait(d time.Duration) bool {
	if a == nil {
		return false
	}
	connection, err := a.file.SyscallConn()
	if err != nil {
		return false
	}
	at := unix.ItimerSpec{Value: unix.NsecToTimespec(max(1, int64(d)))} // 0 would turn it off
	set := connection.Control(func(fd uintptr) { err = unix.TimerfdSettime(int(fd), 0, &at, nil) })
	if set != nil || err != nil {
		return false
	}
	var expirations [8]byte
	n, err := a.file.Read(expirations[:])
	return err == nil && n == len(expirations) && binary.NativeEndian.Uint64(expirations[:]) > 0
}

// Close gives the timer back.
func (a *Alarm) Close() {
	if a != nil {
		_ = a.file.Close()
	}
}
