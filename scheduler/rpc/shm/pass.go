package shm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Request asks for memory for a session.
type Request struct {
	Session string
	Bytes   int64
}

const (
	version    = 1
	maxSession = 255
	maxText    = 1 << 10
)

// WriteRequest sends a request.
func WriteRequest(w io.Writer, r Request) error {
	if len(r.Session) > maxSession {
		return fmt.Errorf("shm: a session of %d bytes; allowed: up to %d", len(r.Session), maxSession)
	}
	b := append([]byte{version, byte(len(r.Session))}, r.Session...)
	_, err := w.Write(binary.LittleEndian.AppendUint64(b, uint64(r.Bytes)))
	return err
}

// ReadRequest reads a request.
func ReadRequest(r io.Reader) (Request, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		return Request{}, fmt.Errorf("shm: %w", err)
	}
	if head[0] != version {
		return Request{}, fmt.Errorf("shm: a request of version %d; allowed: %d", head[0], version)
	}
	rest := make([]byte, int(head[1])+8)
	if _, err := io.ReadFull(r, rest); err != nil {
		return Request{}, fmt.Errorf("shm: %w", err)
	}
	n := len(rest) - 8
	return Request{string(rest[:n]), int64(binary.LittleEndian.Uint64(rest[n:]))}, nil
}

// Grant answers a request with memory and its number.
func Grant(c *net.UnixConn, m *Memory, id uint64) error {
	b := binary.LittleEndian.AppendUint64([]byte{0}, id)
	_, _, err := c.WriteMsgUnix(b, unix.UnixRights(int(m.File().Fd())), nil)
	return err
}

// Refuse answers a request with what is wrong.
func Refuse(c *net.UnixConn, why error) error {
	text := why.Error()
	_, err := c.Write(append([]byte{1}, text[:min(len(text), maxText)]...))
	return err
}

// ReadAnswer returns the memory that was granted and its number, or why none
// was.
func ReadAnswer(c *net.UnixConn) (*Memory, uint64, error) {
	b, oob := make([]byte, maxText+1), make([]byte, unix.CmsgSpace(4))
	n, oobn, _, _, err := c.ReadMsgUnix(b, oob)
	file := received(oob[:oobn])
	if err == nil && n > 0 && b[0] == 0 && n == 9 && file != nil {
		m, err := Open(file)
		return m, binary.LittleEndian.Uint64(b[1:]), err
	}
	if file != nil {
		_ = file.Close()
	}
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("shm: %w", err)
	case n > 1 && b[0] == 1:
		return nil, 0, errors.New(string(b[1:n]))
	}
	return nil, 0, errors.New("shm: no answer that makes sense")
}

// received returns the descriptor among control messages, or nil.
func received(oob []byte) *os.File {
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(list) != 1 {
		return nil
	}
	fds, err := unix.ParseUnixRights(&list[0])
	if err != nil || len(fds) != 1 {
		return nil
	}
	unix.CloseOnExec(fds[0])
	return os.NewFile(uintptr(fds[0]), "shared memory")
}
