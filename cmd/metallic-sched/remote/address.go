package remote

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
)

// DefaultAddress is where a server listens and is looked for unless told
// otherwise.
const DefaultAddress = "127.0.0.1:7433"

// AddressError is an address that names no server.
type AddressError struct{ Address, Problem string }

func (e *AddressError) Error() string {
	return fmt.Sprintf("address %q: %s; allowed: HOST:PORT, unix:PATH, http://HOST:PORT, https://HOST:PORT", e.Address, e.Problem)
}

// address is where a server is.
type address struct {
	target string // as rpc.Dial takes it
	base   string // what the URLs of calls begin with
	socket string // of a unix socket; "" for others
	secure bool   // over TLS
}

// parseAddress reads an address. One without a scheme is https if the caller
// brings anything for TLS, or the host is not this machine.
func parseAddress(text string, tls bool) (address, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		return parseSocket(text, strings.TrimPrefix(path, "//"))
	}
	if !strings.Contains(text, "://") {
		host, _, err := net.SplitHostPort(text)
		switch {
		case err != nil:
			return address{}, &AddressError{text, "no port, or no host"}
		case tls || !loopback(host):
			text = "https://" + text
		default:
			text = "http://" + text
		}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return address{}, &AddressError{text, "not a URL"}
	case u.Scheme != "http" && u.Scheme != "https":
		return address{}, &AddressError{text, "the scheme is " + u.Scheme}
	case u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return address{}, &AddressError{text, "more or less than a host and a port"}
	}
	base := strings.TrimSuffix(u.String(), "/")
	return address{target: base, base: base, secure: u.Scheme == "https"}, nil
}

func parseSocket(text, path string) (address, error) {
	if path == "" {
		return address{}, &AddressError{text, "no path"}
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return address{}, &AddressError{text, err.Error()}
	}
	target := (&url.URL{Scheme: "unix", Path: path}).String()
	return address{target: target, base: "http://unix", socket: path}, nil
}

// local reports whether what is sent does not leave this machine.
func (a *address) local() bool {
	u, err := url.Parse(a.base)
	return a.socket != "" || err == nil && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
