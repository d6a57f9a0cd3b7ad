package mtl

// Paths are the files of the libraries. One file may stand for all of them.
type Paths struct {
	ObjC, Foundation, Metal string
	// CoreGraphics is only loaded: without it Metal shows command line programs
	// no device. "" does without.
	CoreGraphics string
	// MPS is that of Metal Performance Shaders; "" does without.
	MPS string
}

// System returns the paths of macOS.
func System() Paths {
	const frameworks = "/System/Library/Frameworks/"
	return Paths{
		ObjC:         "/usr/lib/libobjc.A.dylib",
		Foundation:   frameworks + "Foundation.framework/Foundation",
		CoreGraphics: frameworks + "CoreGraphics.framework/CoreGraphics",
		Metal:        frameworks + "Metal.framework/Metal",
		MPS:          frameworks + "MetalPerformanceShaders.framework/MetalPerformanceShaders",
	}
}

// One returns paths that all name one file, such as a simulated library.
func One(path string) Paths { return Paths{ObjC: path, Foundation: path, Metal: path, MPS: path} }
