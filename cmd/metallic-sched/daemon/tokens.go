package daemon

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
)

// Tokens are the bearer tokens of a file, each with the tenant that its bearer
// acts for. Only hashes are kept. Methods may be called from any goroutine.
type Tokens struct {
	path string
	list atomic.Pointer[[]token]
}

type token struct {
	hash   [sha256.Size]byte
	tenant string
	admin  bool
}

// minTokenBytes is the least length of a token: 128 random bits in base64.
const minTokenBytes = 22

// OpenTokens reads a file with a token, its tenant and, optionally, the word
// admin in each line, separated by spaces; # begins a comment. No token may be
// there twice, and others must not be able to read the file.
func OpenTokens(path string) (*Tokens, error) {
	t := &Tokens{path: path}
	return t, t.Reload()
}

// Reload reads the file again. With an error the tokens stay as they were.
func (t *Tokens) Reload() error {
	file, err := os.Open(t.path)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("tokens: %s may be read by others (%v); allowed: chmod 600", t.path, mode)
	}
	list, err := parseTokens(file)
	if err != nil {
		return fmt.Errorf("tokens: %s: %w", t.path, err)
	}
	t.list.Store(&list)
	return nil
}

// parseTokens never names a token in an error.
func parseTokens(r io.Reader) (list []token, err error) {
	lines, lineOf := bufio.NewScanner(r), map[[sha256.Size]byte]int{}
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		switch {
		case len(fields) == 0:
			continue
		case len(fields) < 2 || len(fields) > 3 || (len(fields) == 3 && fields[2] != "admin"):
			return nil, fmt.Errorf("line %d: want TOKEN TENANT [admin]", n)
		case len(fields[0]) < minTokenBytes:
			return nil, fmt.Errorf("line %d: a token of %d characters; allowed: at least %d", n, len(fields[0]), minTokenBytes)
		}
		hash := sha256.Sum256([]byte(fields[0]))
		if first, again := lineOf[hash]; again {
			return nil, fmt.Errorf("line %d: the token of line %d again; allowed: a token of its own for each line", n, first)
		}
		lineOf[hash] = n
		list = append(list, token{hash: hash, tenant: fields[1], admin: len(fields) == 3})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("no tokens")
	}
	return list, nil
}

// find returns the token that a bearer shows. It takes as long for a wrong one
// as for a right one.
func (t *Tokens) find(shown string) (found token, ok bool) {
	hash := sha256.Sum256([]byte(shown))
	for _, x := range *t.list.Load() {
		if subtle.ConstantTimeCompare(hash[:], x.hash[:]) == 1 {
			found, ok = x, true
		}
	}
	return found, ok
}
