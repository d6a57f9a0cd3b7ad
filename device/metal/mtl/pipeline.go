//go:build darwin || linux

package mtl

// Pipeline is an MTLComputePipelineState: a kernel function, specialised.
type Pipeline struct {
	object
	MaxThreads            int // in a threadgroup
	Width                 int // threads in a SIMD group
	StaticThreadgroupSize int // bytes of threadgroup memory that the kernel declares
}

// NewPipeline specialises a kernel function of the library. The error has
// Metal's own words.
func (d *Device) NewPipeline(lib Library, function string, constants []Constant) (p *Pipeline, err error) {
	a := d.api
	a.Pool(func() {
		values, failed := a.constantValues(constants)
		if err = failed; err != nil {
			return
		}
		defer a.release(values)
		var e id
		f := a.send.newFunction(lib.id, a.sel[selNewFunctionWithName], a.string(function), values, &e)
		if f == 0 {
			err = a.failure("function "+function, e)
			return
		}
		defer a.release(f)
		o := a.send.newFrom(d.id, a.sel[selNewComputePipelineState], f, &e)
		if o == 0 {
			err = a.failure("pipeline "+function, e)
			return
		}
		p = &Pipeline{
			object:                object{a, o},
			MaxThreads:            int(a.send.uint(o, a.sel[selMaxTotalThreadsPerThreadgroup])),
			Width:                 int(a.send.uint(o, a.sel[selThreadExecutionWidth])),
			StaticThreadgroupSize: int(a.send.uint(o, a.sel[selStaticThreadgroupMemoryLength])),
		}
	})
	return p, err
}
