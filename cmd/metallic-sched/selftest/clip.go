package selftest

import (
	"fmt"
	"strings"
)

// clip keeps the beginning and the end of what is written to it.
type clip struct {
	head, tail []byte
	lost       int
}

const clipHalf = 16 << 10

// Write implements io.Writer. It never fails.
func (c *clip) Write(p []byte) (int, error) {
	n := min(len(p), clipHalf-len(c.head))
	c.head = append(c.head, p[:n]...)
	c.tail = append(c.tail, p[n:]...)
	if over := len(c.tail) - clipHalf; over > 0 {
		c.lost += over
		c.tail = append(c.tail[:0], c.tail[over:]...)
	}
	return len(p), nil
}

func (c *clip) String() string {
	if c.lost == 0 {
		return string(c.head) + string(c.tail)
	}
	return strings.ToValidUTF8(string(c.head)+fmt.Sprintf("\n... %d bytes left out ...\n", c.lost)+string(c.tail), "?")
}
