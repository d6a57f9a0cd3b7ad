package daemon

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// certificates are the files that TLS goes by. Methods may be called from any
// goroutine.
type certificates struct {
	cert, key, ca string
	now           atomic.Pointer[tls.Config]
	trusted       atomic.Pointer[authorities] // of clients
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
	known := authorities{}
	if c.ca != "" {
		if cfg.ClientCAs, known, err = readAuthorities(c.ca); err != nil {
			return fmt.Errorf("client CA: %w", err)
		}
		// Who shows none may have a token. The guard asks for one of the two.
		cfg.ClientAuth = tls.VerifyClientCertIfGiven
	}
	c.now.Store(cfg)
	c.trusted.Store(&known)
	return nil
}

// authorities are known by name and key, as TLS knows them.
type authorities map[[sha256.Size]byte]struct{}

func authorityKey(c *x509.Certificate) [sha256.Size]byte {
	return sha256.Sum256(slices.Concat(c.RawSubject, c.RawSubjectPublicKeyInfo))
}

func readAuthorities(path string) (*x509.CertPool, authorities, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	pool, known := x509.NewCertPool(), authorities{}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		pool.AddCert(c)
		known[authorityKey(c)] = struct{}{}
	}
	if len(known) == 0 {
		return nil, nil, fmt.Errorf("%s: %w", path, errors.New("no certificates in PEM"))
	}
	return pool, known, nil
}

// trusts reports whether what TLS verified when a connection began still holds:
// nothing has expired, and the authority is among those of the last reload.
func (c *certificates) trusts(chains [][]*x509.Certificate) bool {
	known, now := *c.trusted.Load(), time.Now()
	return slices.ContainsFunc(chains, func(chain []*x509.Certificate) bool {
		last := len(chain) - 1
		if last < 0 {
			return false
		}
		_, ok := known[authorityKey(chain[last])]
		return ok && !slices.ContainsFunc(chain[:last], func(x *x509.Certificate) bool { return now.After(x.NotAfter) })
	})
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
