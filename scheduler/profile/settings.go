package profile

import (
	"fmt"
	"strconv"
	"time"
)

// Settings are what a scheduler takes from a profile in place of its defaults.
// Nil is for what was not measured: then the default stays.
type Settings struct {
	SmallNMaxN        *int           `json:"smalln_max_n,omitempty"`
	SIMDMMin          *int           `json:"simd_m_min,omitempty"`
	SIMDNMin          *int           `json:"simd_n_min,omitempty"`
	SoftmaxVecMaxCols *int           `json:"softmax_vec_max_cols,omitempty"`
	QueueDepth        *int           `json:"queue_depth,omitempty"`
	Linger            *time.Duration `json:"linger_ns,omitempty"`
	InPlaceBytes      *int           `json:"in_place_bytes,omitempty"`
}

// The variables that say the same as Settings.
const (
	VarSmallNMaxN        = "METALLIC_MATMUL_SMALLN_MAX_N"
	VarSIMDMMin          = "METALLIC_MATMUL_SIMD_M_MIN"
	VarSIMDNMin          = "METALLIC_MATMUL_SIMD_N_MIN"
	VarSoftmaxVecMaxCols = "METALLIC_SOFTMAX_VEC_MAX_COLS"
	VarQueueDepth        = "METALLIC_QUEUE_DEPTH"
	VarLinger            = "METALLIC_LINGER"
	VarInPlaceBytes      = "METALLIC_IN_PLACE_BYTES"
)

// Variable is an environment variable with its value.
type Variable struct{ Name, Value string }

// Variables returns the environment variables that say the same.
func (s *Settings) Variables() (list []Variable) {
	for _, f := range []struct {
		name  string
		value *int
	}{
		{VarSmallNMaxN, s.SmallNMaxN},
		{VarSIMDMMin, s.SIMDMMin},
		{VarSIMDNMin, s.SIMDNMin},
		{VarSoftmaxVecMaxCols, s.SoftmaxVecMaxCols},
		{VarQueueDepth, s.QueueDepth},
		{VarInPlaceBytes, s.InPlaceBytes},
	} {
		if f.value != nil {
			list = append(list, Variable{f.name, strconv.Itoa(*f.value)})
		}
	}
	if s.Linger != nil {
		list = append(list, Variable{VarLinger, s.Linger.String()})
	}
	return list
}

// validate refuses what no scheduler would take.
func (s *Settings) validate() error {
	for _, f := range []struct {
		name        string
		value       *int
		least, most int
	}{
		{"settings.smalln_max_n", s.SmallNMaxN, 0, 16},
		{"settings.simd_m_min", s.SIMDMMin, 0, 1 << 30},
		{"settings.simd_n_min", s.SIMDNMin, 0, 1 << 30},
		{"settings.softmax_vec_max_cols", s.SoftmaxVecMaxCols, 0, 1 << 30},
		{"settings.queue_depth", s.QueueDepth, 1, 64},
		{"settings.in_place_bytes", s.InPlaceBytes, 1, 1 << 30},
	} {
		if f.value != nil && (*f.value < f.least || *f.value > f.most) {
			return &Error{Field: f.name, Got: strconv.Itoa(*f.value), Allowed: fmt.Sprintf("%d to %d", f.least, f.most)}
		}
	}
	if l := s.Linger; l != nil && (*l < 0 || *l > time.Minute) {
		return &Error{Field: "settings.linger_ns", Got: strconv.FormatInt(int64(*l), 10), Allowed: "0 to a minute"}
	}
	return nil
}
