package daemon

import (
	"fmt"
	"os"
	"slices"

	"github.com/edsrzf/mmap-go"
	"github.com/nlpodyssey/safetensors"
)

// UselessFileError is a file of operands that has none: jobs can name nothing of
// it.
type UselessFileError struct {
	Path string
	// Has is the first of its tensors by name, with its type and sizes, and how
	// many more there are.
	Has string
}

func (e *UselessFileError) Error() string {
	return fmt.Sprintf("daemon: operands of %s: no tensor that jobs can use: it has %s; allowed: F32, F16 or BF16, 1 to 3 dimensions, none of them 0", e.Path, e.Has)
}

// addOperands lets jobs name what is in the files.
func (d *daemon) addOperands() error {
	for _, path := range d.cfg.Operands {
		n, err := d.api.AddFile(path)
		if err == nil && n == 0 {
			err = uselessFile(path)
		}
		if err != nil {
			return err
		}
		d.log.Info("operands", "file", path, "tensors", n)
	}
	return nil
}

// uselessFile says what is in a file that no job can use anything of.
func uselessFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("daemon: operands of %s: %w", path, err)
	}
	defer file.Close()
	raw, err := mmap.Map(file, mmap.RDONLY, 0) // it may be large
	if err != nil {
		return fmt.Errorf("daemon: operands of %s: %w", path, err)
	}
	defer func() { _ = raw.Unmap() }()
	all, err := safetensors.Deserialize(raw)
	if err != nil {
		return fmt.Errorf("daemon: operands of %s: %w", path, err)
	}
	return &UselessFileError{path, describeTensors(all)}
}

func describeTensors(all safetensors.SafeTensors) string {
	names := slices.Sorted(slices.Values(all.Names()))
	if len(names) == 0 {
		return "none at all"
	}
	t, _ := all.Tensor(names[0])
	text := fmt.Sprintf("%q of %v %v", names[0], t.DType(), t.Shape())
	if more := len(names) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
