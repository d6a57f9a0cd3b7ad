package metrics

import (
	"bytes"
	"io"
	"os"
	"sort"
)

// page is whole records on their way to an output, one write at a time.
type page struct {
	output io.WriteCloser
	lines  bytes.Buffer
	ends   []int // of the records in lines
	torn   bool  // the output ends within a line
}

const pageBytes = 64 << 10

// turn makes w the output.
func (p *page) turn(w io.WriteCloser) { p.output, p.torn = w, endsTorn(w) }

// mark ends a record that was written to lines.
func (p *page) mark() { p.ends = append(p.ends, p.lines.Len()) }

func (p *page) full() bool { return p.lines.Len() >= pageBytes }

func (p *page) empty() bool { return len(p.ends) == 0 }

// flush hands the records to the output and returns how many it took whole. The
// others are lost: who wrote them again would hold up those to come.
func (p *page) flush() (written, lost uint64, err error) {
	text, start := p.lines.Bytes(), 0
	if p.torn { // a line of its own, however little of it was written
		text, start = append([]byte{'\n'}, text...), 1
	}
	n, err := p.output.Write(text)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	whole := sort.SearchInts(p.ends, n-start+1)
	if n > 0 {
		p.torn = n != start
		if whole > 0 {
			p.torn = n-start != p.ends[whole-1]
		}
	}
	written, lost = uint64(whole), uint64(len(p.ends)-whole)
	p.lines.Reset()
	p.ends = p.ends[:0]
	return written, lost, err
}

// endsTorn reports whether w is a file whose last line was cut short, by a full
// disk or the end of a program.
func endsTorn(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	r, err := os.Open(f.Name()) // f may be for writing only
	if err != nil {
		return false
	}
	defer r.Close()
	last := make([]byte, 1)
	_, err = r.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}
