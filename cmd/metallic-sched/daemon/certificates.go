package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// certificates are the files that TLS goes by. Methods may be called from any
// goroutine.
type certificates struct {
	cert, key, ca string
	now           atomic.Pointer[tls.Config]
}

// openCertificates reads them.
func openCertificates(cert, key, ca string) (*certificates, error) {
	c := &certificates{cert: cert, key: key, ca: ca}
	return c, c.reload()
}

// reload reads the files again, for connections from now on. With an error all
// stays as it was.
func (c *certificates) reload() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	cfg := &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{pair},
	}
	if c.ca != "" {
		if cfg.ClientCAs, err = readAuthorities(c.ca); err != nil {
			return fmt.Errorf("client CA: %w", err)
		}
		// Who shows none may have a token. The guard asks for one of the two.
		cfg.ClientAuth = tls.VerifyClientCertIfGiven
	}
	c.now.Store(cfg)
	return nil
}

func readAuthorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: %w", path, errors.New("no certificates in PEM"))
	}
	return pool, nil
}

// config returns what a listener needs.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.now.Load(), nil },
	}
}

// expires returns when the daemon's own certificate does.
func (c *certificates) expires() time.Time { return c.now.Load().Certificates[0].Leaf.NotAfter }
