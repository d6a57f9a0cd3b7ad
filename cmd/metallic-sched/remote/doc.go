// Package remote reaches a server from the command line: its address, what the
// caller shows it, and the calls that need no session.
package remote
