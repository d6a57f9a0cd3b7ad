//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"strings"

	shaders "github.com/metallic-sched/metallic-sched/shaders/cuda"
)

// target is what kernels are compiled for.
type target struct {
	architecture string // sm_80, or sm_90a
	hopper       bool   // with the kernels of Hopper
	note         string // why without, on a Hopper
}

var (
	errNoMaps   = errors.New("the driver makes no maps of operands; those for CUDA 12 and later do")
	errPortable = errors.New("those of other GPUs were asked for")
)

// targetOf chooses the target of a GPU by its compute capability. A Hopper has
// kernels of its own, unless hopper returns why they cannot be.
func targetOf(major, minor int, hopper func() error) target {
	plain := target{architecture: fmt.Sprintf("sm_%d%d", major, minor)}
	if plain.architecture != "sm_90" {
		return plain
	}
	if err := hopper(); err != nil {
		reason, _, _ := strings.Cut(err.Error(), "\n")
		plain.note = "without the kernels of Hopper, slower: " + reason
		return plain
	}
	return target{architecture: hopperArchitecture, hopper: true}
}

const hopperArchitecture = "sm_90a"

// hopper returns why the kernels of Hopper cannot be compiled and loaded, or nil.
// NVRTC must know the instructions: what it refuses here, it would refuse in
// each of the kernels.
func (d *Device) hopper(portable bool) error {
	switch {
	case portable:
		return errPortable
	case !d.context.CanMap():
		return errNoMaps
	}
	source, err := shaders.Source(shaders.Probe, shaders.Types{A: "f16", B: "f16", C: "f16"})
	if err != nil {
		return err
	}
	code, err := d.machineCode(shaders.Probe+".cu", source, hopperArchitecture)
	if err == nil {
		err = d.context.With(func() error {
			module, err := d.context.LoadModule(code)
			if err != nil {
				return err
			}
			return module.Close()
		})
	}
	if err != nil {
		return fmt.Errorf("NVRTC %v: %w", d.compiler.Version, err)
	}
	return nil
}
