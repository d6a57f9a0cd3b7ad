package array

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Writable returns why nothing can be written to a place, as far as can be told
// without writing.
func Writable(p Place) error {
	info, err := os.Stat(filepath.Dir(p.File))
	switch {
	case err != nil:
		return failed(p.File, err)
	case !info.IsDir():
		return wrong(p.File, "directory", "a directory", "%v", info.Mode().Type())
	}
	info, err = os.Stat(p.File)
	if err == nil && !info.Mode().IsRegular() {
		return wrong(p.File, "kind", "a regular file or none", "%v", info.Mode().Type())
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return err
}

// Write writes an array to its place, where a file is replaced as a whole: on
// an error it is as it was, or still not there.
func Write(p Place, a *Array) error {
	if err := p.Holds(a); err != nil {
		return err
	}
	next := filepath.Join(filepath.Dir(p.File), "."+filepath.Base(p.File)+"."+rand.Text()[:8])
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return failed(p.File, err)
	}
	err = errors.Join(writeTo(file, p, a), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(next, p.File)
	}
	if err != nil {
		return failed(p.File, errors.Join(err, os.Remove(next)))
	}
	return nil
}

func writeTo(file io.Writer, p Place, a *Array) error {
	w := bufio.NewWriter(file)
	if p.npy() {
		_, err := w.Write(npyHeader(a))
		if err == nil {
			_, err = w.Write(a.Data)
		}
		return errors.Join(err, w.Flush())
	}
	return errors.Join(writeSafetensors(w, cmp.Or(p.Tensor, "result"), a), w.Flush())
}
