// Package daemon is what makes a server of the scheduler: where it listens and
// to whom, how it tells its health, and how it comes and goes.
package daemon
