package server

import (
	"fmt"
	"os"
	"sync"

	"github.com/edsrzf/mmap-go"
	"github.com/nlpodyssey/safetensors"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// fileTensor is a tensor of a mapped file. It is loaded at first use.
type fileTensor struct {
	name, path string
	content    content
	view       tensor.View

	loading sync.Mutex // held while it is loaded
}

// use returns the tensor as an operand.
func (f *fileTensor) use(s *store) (tensor.View, error) {
	f.loading.Lock()
	defer f.loading.Unlock()
	s.mu.Lock()
	o := s.byName[f.name]
	s.mu.Unlock()
	if o != nil { // loaded meanwhile
		return o.loaded.View(), nil
	}
	o, err := s.load(f.content, false, f.view, f.path, ourselves, 0)
	if err != nil {
		return tensor.View{}, fmt.Errorf("operand %q of %s: %w", f.name, f.path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byName[f.name] = o
	o.names = append(o.names, f.name)
	return o.loaded.View(), nil
}

// AddFile maps a .safetensors file. Jobs may then name its tensors as operands,
// each of which is loaded on the device when a job first does. Tensors that no
// job can use (types other than F32, F16 and BF16, more than 3 dimensions) are
// left out. It returns how many there are. The file must not change.
func (s *Server) AddFile(path string) (n int, err error) {
	mapped, tensors, err := openFile(path)
	if err != nil {
		return 0, fmt.Errorf("rpc: operands of %s: %w", path, err)
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var found []*fileTensor
	for _, name := range tensors.Names() {
		t, _ := tensors.Tensor(name)
		f, ok := fileTensorOf(name, path, t)
		if !ok {
			continue
		}
		if other := s.store.files[name]; other != nil {
			_ = mapped.Unmap()
			return 0, fmt.Errorf("rpc: operands of %s: %q is in %s already", path, name, other.path)
		}
		found = append(found, f)
	}
	for _, f := range found {
		s.store.files[f.name] = f
	}
	s.mapped = append(s.mapped, mapped)
	return len(found), nil
}

func openFile(path string) (mmap.MMap, safetensors.SafeTensors, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, safetensors.SafeTensors{}, err
	}
	defer file.Close() // the mapping outlives it
	switch info, err := file.Stat(); {
	case err != nil:
		return nil, safetensors.SafeTensors{}, err
	case !info.Mode().IsRegular() || info.Size() == 0:
		return nil, safetensors.SafeTensors{}, fmt.Errorf("not a regular file with content")
	}
	mapped, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, safetensors.SafeTensors{}, err
	}
	tensors, err := safetensors.Deserialize(mapped)
	if err != nil {
		_ = mapped.Unmap()
		return nil, tensors, fmt.Errorf("not a safetensors file: %w", err)
	}
	return mapped, tensors, nil
}

// fileTensorOf describes a tensor; ok is false if no job can use it.
func fileTensorOf(name, path string, t safetensors.TensorView) (f *fileTensor, ok bool) {
	f = &fileTensor{name: name, path: path}
	switch dt := t.DType(); dt {
	case safetensors.F32:
		f.content.dtype = tensor.F32
	case safetensors.F16:
		f.content.dtype = tensor.F16
	case safetensors.BF16:
		f.content.dtype = tensor.BF16
	default:
		return nil, false
	}
	var sizes []int64
	for _, n := range t.Shape() {
		sizes = append(sizes, int64(n))
	}
	dims, err := wire.Dims(name, sizes)
	if err != nil {
		return nil, false
	}
	f.content.dims = dims
	f.view = tensor.Bytes(t.Data(), f.content.dtype, dims[0], dims[1], dims[2])
	if f.view.Err() != nil { // not aligned
		f.view = tensor.Bytes(append([]byte(nil), t.Data()...), f.content.dtype, dims[0], dims[1], dims[2])
	}
	return f, f.view.Err() == nil && f.view.Len() > 0
}
