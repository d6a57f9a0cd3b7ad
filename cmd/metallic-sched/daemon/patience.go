package daemon

import (
	"errors"
	"io"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

const (
	// bodyTime is what a body may take on top of what it takes at slowRate.
	bodyTime = 10 * time.Second
	slowRate = 64 << 10 // bytes a second
	// messageBytes bounds one message, and overhead what goes around it.
	messageBytes = 64 << 20
	overhead     = 1 << 10
)

// allowance is how long n bytes may take.
func allowance(n int64) time.Duration {
	return bodyTime + time.Duration(float64(n)/slowRate*float64(time.Second))
}

// brisk bounds what a request may take that nobody has let in, and what is left of a
// body when it is answered: net/http waits for the rest of it. Who lets a request in
// says admitted, and unhurried where its body may take longer still.
func brisk(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := http.NewResponseController(w)
		_ = out.SetWriteDeadline(time.Now().Add(2 * bodyTime)) // the body may be waited for before
		// Without a body the deadline would be that of who waits for a long answer.
		if r.Body != http.NoBody {
			_ = out.SetReadDeadline(time.Now().Add(bodyTime))
			defer func() { _ = out.SetReadDeadline(time.Now().Add(bodyTime)) }()
		}
		next.ServeHTTP(w, r)
	})
}

// admitted lets an answer take its time.
func admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		next.ServeHTTP(w, r)
	})
}

// unhurried lets a body take its time: it is for streams.
func unhurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		next.ServeHTTP(w, r)
	})
}

// patient bounds how slowly requests may come and answers be taken. It is not for
// streams, whose messages come when they come: there the API demands that what
// has begun goes on, and pings tell the living from the dead.
func patient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := r.ContentLength; n > messageBytes+overhead {
			refuse(w, r, connect.CodeInvalidArgument, http.StatusRequestEntityTooLarge, // no retry helps
				wire.TooLarge("message", "up to "+wire.Bytes(messageBytes), "%d bytes", n))
			return
		}
		out := http.NewResponseController(w)
		body := &patientBody{ReadCloser: r.Body, out: out, start: time.Now()}
		r.Body = body
		body.wait()
		next.ServeHTTP(&patientWriter{ResponseWriter: w, out: out}, r)
	})
}

// patientBody gives up on a body that comes too slowly.
type patientBody struct {
	io.ReadCloser
	out   *http.ResponseController
	start time.Time
	n     int64
}

func (b *patientBody) wait() { _ = b.out.SetReadDeadline(b.start.Add(allowance(b.n))) }

// Read implements io.Reader.
func (b *patientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	switch {
	case err == nil:
		b.wait()
	case errors.Is(err, io.EOF):
		_ = b.out.SetReadDeadline(time.Time{}) // what follows may take long
	}
	return n, err
}

// patientWriter gives up on a caller who takes an answer too slowly.
type patientWriter struct {
	http.ResponseWriter
	out *http.ResponseController
}

// Write implements io.Writer.
func (w *patientWriter) Write(p []byte) (int, error) {
	_ = w.out.SetWriteDeadline(time.Now().Add(allowance(int64(len(p)))))
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (w *patientWriter) Flush() { _ = w.out.Flush() }

// Unwrap is for http.ResponseController.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
