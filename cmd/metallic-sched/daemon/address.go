package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Address is where the daemon listens: host:port or unix:PATH.
type Address struct {
	network string // tcp or unix
	where   string
}

// UnmarshalText reads an address as flags and variables write it.
func (a *Address) UnmarshalText(text []byte) error {
	s := string(text)
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		path = strings.TrimPrefix(path, "//") // as in a URL
		if strings.HasPrefix(path, "@") {     // there it has no file mode, nor a name beside it
			return fmt.Errorf("address %q is in the abstract name space of Linux, where anybody may come; allowed: host:port or unix:PATH", s)
		}
		if path == "" {
			return fmt.Errorf("address %q; allowed: host:port or unix:PATH", s)
		}
		*a = Address{"unix", path}
		return nil
	}
	if _, _, err := net.SplitHostPort(s); err != nil {
		return fmt.Errorf("address %q; allowed: host:port or unix:PATH", s)
	}
	*a = Address{"tcp", s}
	return nil
}

func (a Address) String() string {
	if a.network == "unix" {
		return "unix:" + a.where
	}
	return a.where
}

func (a Address) unix() bool { return a.network == "unix" }

// same reports whether two can only be one, by how they are written. A port of 0 is
// another each time.
func (a Address) same(b Address) bool {
	if a.unix() || b.unix() {
		return a.network == b.network && filepath.Clean(a.where) == filepath.Clean(b.where)
	}
	_, port, _ := net.SplitHostPort(a.where)
	n, err := strconv.Atoi(port)
	free := port == "" || err == nil && n == 0
	return a == b && !free
}

// Local reports whether only this machine's processes can reach the address. A
// name other than localhost is not looked up: it counts as not local.
func (a Address) Local() bool {
	if a.network == "unix" {
		return true
	}
	host, _, _ := net.SplitHostPort(a.where)
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Listen opens the address. A unix socket that nobody listens at any more, as a
// killed daemon leaves it, is replaced; only its owner and group may use it.
func (a Address) Listen(ctx context.Context) (net.Listener, error) {
	var c net.ListenConfig
	if a.network != "unix" {
		return c.Listen(ctx, "tcp", a.where)
	}
	if err := a.clear(ctx); err != nil {
		return nil, err
	}
	l, err := c.Listen(ctx, "unix", a.where)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(a.where, 0o660); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
