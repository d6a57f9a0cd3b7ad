package array

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// npyMagic begins a .npy file. Its version and the length of its header follow.
const npyMagic = "\x93NUMPY"

// A header is a literal of a Python dictionary.
var (
	npyDescr = regexp.MustCompile(`['"]descr['"]\s*:\s*['"]([^'"]*)['"]`)
	npyOrder = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	npyShape = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([0-9L,\s]*)\)`)
)

// parseNpy reads the contents of a .npy file. The array may keep its memory.
func parseNpy(place string, raw []byte) (*Array, error) {
	header, data, err := splitNpy(place, raw)
	if err != nil {
		return nil, err
	}
	descr, order, shape := npyDescr.FindStringSubmatch(header), npyOrder.FindStringSubmatch(header), npyShape.FindStringSubmatch(header)
	if descr == nil || order == nil || shape == nil {
		return nil, wrong(place, "header", "plain arrays with descr, fortran_order and shape", "%.80q", header)
	}
	a := &Array{Fortran: order[1] == "True"}
	if a.Shape, err = parseShape(place, shape[1]); err != nil {
		return nil, err
	}
	swap := false
	if a.DType, swap, err = parseDescr(place, descr[1]); err != nil {
		return nil, err
	}
	n, ok := elements(a.Shape)
	if want := n * a.DType.Size(); !ok || want != len(data) {
		return nil, wrong(place, "data", fmt.Sprintf("%d bytes for %s of %v", want, a.Sizes(), a.DType), "%d bytes", len(data))
	}
	a.Data = aligned(data, a.DType.Size())
	if swap {
		a.Data = swapped(a.Data, a.DType.Size())
	}
	return a, nil
}

// splitNpy returns the header and what follows it.
func splitNpy(place string, raw []byte) (header string, data []byte, err error) {
	rest, ok := strings.CutPrefix(string(raw[:min(len(raw), 12)]), npyMagic)
	if !ok || len(rest) < 4 {
		return "", nil, wrong(place, "beginning", `"\x93NUMPY" and a version, as of a .npy file`, "%.12q", raw)
	}
	at, n := 10, int(binary.LittleEndian.Uint16(raw[8:]))
	switch major := rest[0]; {
	case major == 1:
	case major <= 3 && major > 0 && len(raw) >= 12:
		at, n = 12, int(binary.LittleEndian.Uint32(raw[8:]))
	default:
		return "", nil, wrong(place, "version of the format", "1, 2, 3", "%d", major)
	}
	if n > len(raw)-at {
		return "", nil, wrong(place, "header", "all of it within the file", "%d bytes in a file of %d", n, len(raw))
	}
	return string(raw[at : at+n]), raw[at+n:], nil
}

func parseShape(place, text string) (shape []int, err error) {
	for field := range strings.SplitSeq(text, ",") {
		if field = strings.TrimSuffix(strings.TrimSpace(field), "L"); field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil, wrong(place, "shape", "whole numbers", "(%s)", text)
		}
		shape = append(shape, n)
	}
	if _, ok := elements(shape); !ok {
		return nil, wrong(place, "shape", "up to 2^48 elements", "(%s)", text)
	}
	return shape, nil
}

// parseDescr reads NumPy's name of an element type; swap says that the bytes of
// an element come in the other order.
func parseDescr(place, descr string) (dt tensor.DType, swap bool, err error) {
	for _, dt := range tensor.DTypes {
		code := typeCode(dt)
		if code != "" && len(descr) > 1 && descr[1:] == code[1:] && strings.Contains("<>=", descr[:1]) {
			return dt, descr[0] == '>', nil
		}
	}
	allowed := "<f4 and <f2, that is float32 and float16 (convert with x.astype('float32'))"
	return 0, false, wrong(place, "dtype", allowed, "%q", descr)
}

// typeCode returns NumPy's name of an element type, "" if it has none.
func typeCode(dt tensor.DType) string {
	switch dt {
	case tensor.F32:
		return "<f4"
	case tensor.F16:
		return "<f2"
	case tensor.BF16:
	}
	return ""
}

// npyHeader returns what comes before the data, which then begins at a multiple
// of 64 bytes.
func npyHeader(a *Array) []byte {
	var shape strings.Builder
	for _, n := range a.Shape {
		fmt.Fprintf(&shape, "%d, ", n)
	}
	sizes := strings.TrimSuffix(shape.String(), " ") // (3,) is a tuple, (3) a number
	if len(a.Shape) > 1 {
		sizes = strings.TrimSuffix(sizes, ",")
	}
	order := map[bool]string{true: "True", false: "False"}[a.Fortran]
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }", typeCode(a.DType), order, sizes)
	const fixed = len(npyMagic) + 4
	text += strings.Repeat(" ", 63-(fixed+len(text))%64) + "\n"
	raw := append([]byte(npyMagic), 1, 0)
	return append(binary.LittleEndian.AppendUint16(raw, uint16(len(text))), text...)
}

// swapped returns elements with their bytes in the other order.
func swapped(data []byte, size int) []byte {
	out := slices.Clone(data)
	for element := range slices.Chunk(out, size) {
		slices.Reverse(element)
	}
	return out
}
