package array

import (
	"path/filepath"
	"strings"
)

// Place is a tensor's place: a file, and a name in it if that has names.
type Place struct {
	File   string
	Tensor string // "": the only one; in a file to write: "result"
}

const (
	npyEnd  = ".npy"
	safeEnd = ".safetensors"
	formats = "FILE.npy, FILE.safetensors, FILE.safetensors:TENSOR"
)

// ParsePlace reads FILE.npy, FILE.safetensors or FILE.safetensors:TENSOR. The
// error is an *Error.
func ParsePlace(text string) (Place, error) {
	if file, name, ok := strings.Cut(text, safeEnd+":"); ok {
		if file == "" || name == "" {
			return Place{}, wrong(text, "place", formats, "without a file or a name")
		}
		return Place{file + safeEnd, name}, nil
	}
	if file, name, ok := strings.Cut(text, npyEnd+":"); ok {
		return Place{}, wrong(file+npyEnd, "tensor", "none: a .npy file has one array", "%q", name)
	}
	switch end := filepath.Ext(text); end {
	case npyEnd, safeEnd:
		return Place{File: text}, nil
	default:
		return Place{}, wrong(text, "format", formats, "%q", end)
	}
}

func (p Place) String() string {
	if p.Tensor != "" {
		return p.File + ":" + p.Tensor
	}
	return p.File
}

// npy reports whether the file is a .npy, not a .safetensors.
func (p Place) npy() bool { return strings.HasSuffix(p.File, npyEnd) }

// Holds returns an *Error if the file's format has no such element type. bf16
// is the only one of ours that NumPy lacks.
func (p Place) Holds(a *Array) error {
	if p.npy() && typeCode(a.DType) == "" {
		return wrong(p.File, "dtype", "f32 or f16 in .npy (bf16 fits .safetensors)", "%v", a.DType)
	}
	return nil
}
