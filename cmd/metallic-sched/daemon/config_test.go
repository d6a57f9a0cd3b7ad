package daemon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckKeepsStrangersOut(t *testing.T) {
	const cert, key, tokens, ca = "cert.pem", "key.pem", "tokens", "ca.pem"
	for _, c := range []struct {
		name string
		cfg  Config
		want string // "": allowed
	}{
		{"loopback", Config{Listen: []Address{address(t, "127.0.0.1:1")}}, ""},
		{"unix", Config{Listen: []Address{address(t, "unix:/s")}}, ""},
		{"loopback with tokens", Config{Listen: []Address{address(t, "[::1]:1")}, Tokens: tokens}, ""},
		{"all", Config{Listen: []Address{address(t, ":1")}}, "add -tls-cert and -tls-key and -tokens or -client-ca, or"},
		{"all after loopback", Config{Listen: []Address{address(t, "127.0.0.1:1"), address(t, "0.0.0.0:1")}}, "0.0.0.0:1"},
		{"tokens in the clear", Config{Listen: []Address{address(t, "10.0.0.1:1")}, Tokens: tokens}, "add -tls-cert and -tls-key, or"},
		{"TLS for anybody", Config{Listen: []Address{address(t, "host:1")}, TLSCert: cert, TLSKey: key}, "add -tokens or -client-ca, or"},
		{"TLS and tokens", Config{Listen: []Address{address(t, ":1")}, TLSCert: cert, TLSKey: key, Tokens: tokens}, ""},
		{"TLS and client certificates", Config{Listen: []Address{address(t, ":1")}, TLSCert: cert, TLSKey: key, ClientCA: ca}, ""},
		{"no key", Config{Listen: []Address{address(t, "127.0.0.1:1")}, TLSCert: cert}, "go together"},
		{"client certificates without TLS", Config{Listen: []Address{address(t, "127.0.0.1:1")}, ClientCA: ca}, "-client-ca without -tls-cert"},
		{"admin for all", Config{Listen: []Address{address(t, "127.0.0.1:1")}, Admin: address(t, ":2"), TLSCert: cert, TLSKey: key, Tokens: tokens}, "-admin :2"},
		{"admin", Config{Listen: []Address{address(t, "127.0.0.1:1")}, Admin: address(t, "unix:/a")}, ""},
		{"admin on a port to be chosen", Config{Listen: []Address{address(t, "127.0.0.1:0")}, Admin: address(t, "127.0.0.1:0")}, ""},
		{"ports to be chosen", Config{Listen: []Address{address(t, "127.0.0.1:0"), address(t, "127.0.0.1:0"), address(t, "127.0.0.1:"), address(t, "127.0.0.1:")}}, ""},
		{"two ports", Config{Listen: []Address{address(t, "127.0.0.1:1"), address(t, "127.0.0.1:2")}, Admin: address(t, "127.0.0.1:3")}, ""},
		{"nowhere", Config{}, "no address"},
	} {
		err := c.cfg.Check()
		if c.want == "" {
			require.NoError(t, err, c.name)
		} else {
			require.ErrorContains(t, err, c.want, c.name)
		}
	}
}

func TestWhereAnybodyMayCome(t *testing.T) {
	none, some := Config{}, Config{Tokens: "tokens"}
	for text, want := range map[string][2]bool{"unix:/s": {true, true}, "127.0.0.1:1": {true, false}, ":1": {false, false}} {
		require.Equal(t, want, [2]bool{none.open(address(t, text)), some.open(address(t, text))}, text)
	}
}

func TestAnAddressGivenTwice(t *testing.T) {
	for _, c := range []struct {
		listen []string
		admin  string
		want   TwiceError
	}{
		{[]string{"127.0.0.1:1"}, "127.0.0.1:1", TwiceError{address(t, "127.0.0.1:1"), [2]string{"-listen", "-admin"}}},
		{[]string{"unix:/b", "unix:/a"}, "unix:/x/../a", TwiceError{address(t, "unix:/x/../a"), [2]string{"-listen", "-admin"}}},
		{[]string{"unix:/a", "127.0.0.1:1", "127.0.0.1:1"}, "", TwiceError{address(t, "127.0.0.1:1"), [2]string{"-listen", "-listen"}}},
	} {
		var cfg Config
		for _, text := range c.listen {
			cfg.Listen = append(cfg.Listen, address(t, text))
		}
		if c.admin != "" {
			cfg.Admin = address(t, c.admin)
		}
		var twice *TwiceError
		require.ErrorAs(t, cfg.Check(), &twice)
		require.Equal(t, c.want, *twice)
		require.ErrorContains(t, twice, "allowed: an address of its own")
	}
}
