//go:build linux && (amd64 || arm64)

package cuda

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
)

// alarm is a timer of the kernel's, which is late by some 20 µs. Those of Go's
// runtime are late by up to 1 ms in a process that only waits, as for a GPU: it
// sleeps in epoll_wait, which counts milliseconds.
type alarm struct {
	file *os.File
	conn syscall.RawConn
	arm  func(fd uintptr) // to what is in next; made once
	next unix.ItimerSpec
}

// NewAlarm returns an alarm, nil if the kernel has no more, or nothing that waits
// for one.
func (*Device) NewAlarm(ring func()) device.Alarm {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	if a := newAlarm(os.NewFile(uintptr(fd), "alarm"), ring); a != nil {
		return a
	}
	return nil
}

// newAlarm returns the alarm of a timer; nil, and closes it, if epoll does not take
// it: reading would not wait then.
func newAlarm(timer *os.File, ring func()) *alarm {
	conn, err := timer.SyscallConn()
	if err != nil || timer.SetReadDeadline(time.Time{}) != nil {
		_ = timer.Close()
		return nil
	}
	a := &alarm{file: timer, conn: conn}
	a.arm = func(fd uintptr) { _ = unix.TimerfdSettime(int(fd), 0, &a.next, nil) } // nothing that it refuses is asked
	go a.listen(ring)
	return a
}

// listen calls ring whenever the time has come, until Stop.
func (a *alarm) listen(ring func()) {
	var times [8]byte
	for {
		if _, err := a.file.Read(times[:]); err != nil {
			return
		}
		ring()
	}
}

// Set implements device.Alarm.
func (a *alarm) Set(in time.Duration) {
	a.next.Value = unix.NsecToTimespec(int64(max(in, 1))) // 0 would be never
	_ = a.conn.Control(a.arm)                             // fails after Stop
}

// Stop implements device.Alarm.
func (a *alarm) Stop() { _ = a.file.Close() }
