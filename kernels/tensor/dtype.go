package tensor

import (
	"fmt"
	"strings"
)

// DType is the type of one element. The zero DType is invalid.
type DType uint8

// The element types that jobs may use. Products and sums are accumulated in
// float32 whatever the storage type.
const (
	F32  DType = iota + 1 // IEEE 754 binary32
	F16                   // IEEE 754 binary16
	BF16                  // the upper half of a binary32
)

// DTypes lists every valid DType.
var DTypes = []DType{F32, F16, BF16}

// Float16 is the bits of an IEEE 754 binary16 value.
type Float16 uint16

// BFloat16 is the bits of a bfloat16 value.
type BFloat16 uint16

// Element is a Go type that a View's memory may consist of.
type Element interface {
	float32 | Float16 | BFloat16
}

// Size returns the bytes of one element, 0 for an invalid DType.
func (d DType) Size() int {
	switch d {
	case F32:
		return 4
	case F16, BF16:
		return 2
	}
	return 0
}

// Valid reports whether d is one of [DTypes].
func (d DType) Valid() bool { return d.Size() > 0 }

func (d DType) String() string {
	switch d {
	case F32:
		return "f32"
	case F16:
		return "f16"
	case BF16:
		return "bf16"
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// ParseDType reads a name as String prints it, in any case.
func ParseDType(s string) (DType, error) {
	for _, d := range DTypes {
		if strings.EqualFold(s, d.String()) {
			return d, nil
		}
	}
	return 0, fmt.Errorf("dtype %q is not known; allowed are f32, f16, bf16", s)
}

// TypeOf returns the DType of a Go element type.
func TypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case Float16:
		return F16
	case BFloat16:
		return BF16
	default:
		return F32
	}
}
