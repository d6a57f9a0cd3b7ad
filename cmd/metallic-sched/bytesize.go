package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteSize is a number of bytes, written like 2GiB, 512MiB, 64KiB or 1000.
type byteSize int64

var byteUnits = []struct {
	name string
	size int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// UnmarshalText reads a size.
func (b *byteSize) UnmarshalText(text []byte) error {
	number, unit := string(text), int64(1)
	for _, u := range byteUnits {
		if n, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = n, u.size
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(n > 0 && n*float64(unit) < 1<<62) {
		return fmt.Errorf("%q is not a size; write it like 2GiB, 512MiB or 64KiB", text)
	}
	*b = byteSize(n * float64(unit))
	return nil
}

func (b byteSize) String() string {
	for _, u := range byteUnits {
		if int64(b) >= u.size && u.size > 1 {
			return strconv.FormatFloat(math.Round(float64(b)/float64(u.size)*100)/100, 'f', -1, 64) + u.name
		}
	}
	return fmt.Sprintf("%dB", int64(b))
}
