package main

import (
	"fmt"
	"strconv"
	"strings"
)

// fraction is written as a part of 1 or in percent.
type fraction float64

// UnmarshalText reads 0.02 or 2%.
func (f *fraction) UnmarshalText(text []byte) error {
	number, inPercent := strings.CutSuffix(string(text), "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return fmt.Errorf("%q is no fraction; allowed: a number such as 0.02, or 2%%", text)
	}
	if inPercent {
		x /= 100
	}
	*f = fraction(x)
	return nil
}
