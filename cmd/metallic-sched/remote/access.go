package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// Access are the flags of commands that ask a server.
type Access struct {
	Token   string `placeholder:"FILE" help:"File with the bearer token to show."`
	TLSCA   string `name:"tls-ca" placeholder:"FILE" help:"Certificates (PEM) to trust instead of the system's. HOST:PORT then means https."`
	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"Certificate (PEM) to show, with --tls-key."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"Its key (PEM)."`
}

// Server is a server that can be called. Its methods may be called from any
// goroutine.
type Server struct {
	address address
	client  *http.Client
	header  http.Header
}

// Server prepares calls to an address; nothing is sent yet. The error is an
// *AddressError, or says which file is wrong.
func (a *Access) Server(addr string) (*Server, error) {
	at, err := parseAddress(addr, a.TLSCA != "" || a.TLSCert != "" || a.TLSKey != "")
	if err != nil {
		return nil, err
	}
	s := &Server{address: at, header: http.Header{}}
	if a.Token != "" {
		token, err := readToken(a.Token)
		if err != nil {
			return nil, err
		}
		if !at.secure && !at.local() {
			return nil, &AddressError{addr, "a token would be readable on its way there; use https"}
		}
		s.header.Set("Authorization", "Bearer "+token)
	}
	t := transport(at.socket)
	if t.TLSClientConfig, err = a.config(); err != nil {
		return nil, err
	}
	s.client = &http.Client{Transport: t}
	return s, nil
}

// readToken returns the first line of a file.
func readToken(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	token, _, _ := strings.Cut(strings.TrimSpace(string(raw)), "\n")
	if token = strings.TrimSpace(token); token == "" || strings.ContainsAny(token, " \t") {
		return "", fmt.Errorf("token: %s does not begin with a line of one word", path)
	}
	return token, nil
}

// config says whom to trust and what to show.
func (a *Access) config() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.TLSCA != "" {
		raw, err := os.ReadFile(a.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("tls-ca: %w", err)
		}
		if cfg.RootCAs = x509.NewCertPool(); !cfg.RootCAs.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("tls-ca: %s has no certificate in PEM", a.TLSCA)
		}
	}
	if a.TLSCert == "" && a.TLSKey == "" {
		return cfg, nil
	}
	if a.TLSCert == "" || a.TLSKey == "" {
		return nil, errors.New("tls-cert and tls-key: one without the other")
	}
	pair, err := tls.LoadX509KeyPair(a.TLSCert, a.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("tls-cert: %w", err)
	}
	cfg.Certificates = []tls.Certificate{pair}
	return cfg, nil
}

// transport speaks HTTP/2, also without TLS, as a stream both ways needs.
func transport(socket string) *http.Transport {
	p := new(http.Protocols)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	dial := &net.Dialer{Timeout: 5 * time.Second}
	t := &http.Transport{
		Protocols: p, DialContext: dial.DialContext, TLSHandshakeTimeout: 5 * time.Second,
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
	if socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial.DialContext(ctx, "unix", socket)
		}
	}
	return t
}
