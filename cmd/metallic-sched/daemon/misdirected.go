package daemon

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
)

// localHost reports whether a request on loopback was meant for it. A browser
// that was told that some web site's name is 127.0.0.1 says that name.
func localHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if name == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(trimBrackets(name))
	return err == nil && ip.IsLoopback()
}

func trimBrackets(s string) string {
	if len(s) > 1 && s[0] == '[' && s[len(s)-1] == ']' {
		return s[1 : len(s)-1]
	}
	return s
}

// onlyLocal keeps web pages of others from using a browser to get at an address
// where nobody is asked who they are. refused is told.
func onlyLocal(next http.Handler, refused func(r *http.Request, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localHost(r.Host) {
			err := fmt.Errorf("this is not %q; allowed: localhost or a loopback address", r.Host)
			refused(r, err)
			http.Error(w, err.Error(), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
