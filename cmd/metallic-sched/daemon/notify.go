package daemon

import (
	"net"
	"os"
	"strings"
)

// notify tells systemd how the daemon is, as sd_notify(3) describes: a datagram
// to the socket that NOTIFY_SOCKET names. Without one nobody wants to know.
func notify(state ...string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	if strings.HasPrefix(path, "@") { // the abstract name space of Linux
		path = "\x00" + path[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte(strings.Join(state, "\n")))
	return err
}
