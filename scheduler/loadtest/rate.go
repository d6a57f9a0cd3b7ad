package loadtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RateSyntax says what ParseShape reads.
const RateSyntax = "5000, ramp:100-5000, step:1000-2000-4000 or burst:1000+9000/100ms/1s (jobs a second; " +
	"9000 more for 100ms of every 1s)"

// ParseShape reads a rate; ramps and steps are spread over length. mean is the
// mean rate in that time.
func ParseShape(text string, length time.Duration) (s Shape, mean float64, err error) {
	name, rest, named := strings.Cut(text, ":")
	if !named {
		name, rest = "constant", text
	}
	switch name {
	case "constant":
		var r []float64
		if r, err = parseRates(rest, 1, 1); err == nil {
			s = Constant(r[0])
		}
	case "ramp":
		var r []float64
		if r, err = parseRates(rest, 2, 2); err == nil {
			s = Ramp(r[0], r[1], length)
		}
	case "step":
		var r []float64
		if r, err = parseRates(rest, 2, 1000); err == nil {
			s = Steps(length/time.Duration(len(r)), r...)
		}
	case "burst":
		s, err = parseBurst(rest)
	default:
		err = fmt.Errorf("no shape is called %q", name)
	}
	if err != nil {
		return Shape{}, 0, fmt.Errorf("loadtest: rate %q: %w; allowed: %s", text, err, RateSyntax)
	}
	return s, s.Hits(length) / length.Seconds(), nil
}

func parseRates(text string, least, most int) ([]float64, error) {
	parts := strings.Split(text, "-")
	if len(parts) < least || len(parts) > most {
		return nil, fmt.Errorf("%d rates", len(parts))
	}
	var rates []float64
	for _, p := range parts {
		r, err := parseRate(p)
		if err != nil {
			return nil, err
		}
		rates = append(rates, r)
	}
	return rates, nil
}

const maxRate = 1e8

func parseRate(text string) (float64, error) {
	r, err := strconv.ParseFloat(text, 64)
	if err != nil || !(r > 0 && r <= maxRate) {
		return 0, fmt.Errorf("%q is no rate from above 0 to %g", text, maxRate)
	}
	return r, nil
}

func parseBurst(text string) (Shape, error) {
	parts := strings.Split(text, "/")
	base, extra, ok := strings.Cut(parts[0], "+")
	if len(parts) != 3 || !ok {
		return Shape{}, fmt.Errorf("a burst has a base, an extra, a length and a period")
	}
	var rates [2]float64
	for i, p := range []string{base, extra} {
		r, err := parseRate(p)
		if err != nil {
			return Shape{}, err
		}
		rates[i] = r
	}
	length, err := time.ParseDuration(parts[1])
	if err != nil {
		return Shape{}, err
	}
	period, err := time.ParseDuration(parts[2])
	if err != nil {
		return Shape{}, err
	}
	if !(0 < length && length < period) {
		return Shape{}, fmt.Errorf("a burst of %v does not fit a period of %v", length, period)
	}
	return Burst(rates[0], rates[1], length, period), nil
}
