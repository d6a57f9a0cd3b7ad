// Package selftest checks a device on the machine it is for: the conformance
// suite, numbers compared with the cpu device, a short benchmark, and a small
// run through the whole scheduler.
//
// Each part runs in a process of its own (Serve), started by the command that
// shows the results (Runner). So a driver that crashes or hangs fails one part
// and the report is written all the same.
package selftest
