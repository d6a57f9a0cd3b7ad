package daemon

import "golang.org/x/sys/unix"

// reservedFiles are open files that are no connections, but for those of adminReserve.
const reservedFiles = 128

// connectionLimit returns how many connections there may be: as many as wanted,
// and as the limit of open files allows.
func connectionLimit(wanted int) int {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return wanted
	}
	return within(wanted, int64(min(files.Cur, 1<<40)))
}

func within(wanted int, files int64) int {
	return int(min(int64(wanted), max(files-reservedFiles, 16)))
}
