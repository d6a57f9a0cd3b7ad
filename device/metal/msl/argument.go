package msl

import (
	"slices"
	"strconv"
)

// Kind says where a kernel's argument comes from.
type Kind int

// The kinds of arguments, numbered as in the ABI.
const (
	Buffer      Kind = iota // [[buffer(i)]]
	Threadgroup             // [[threadgroup(i)]]
	Builtin                 // [[thread_position_in_grid]] and the like
)

// Argument is one of a kernel's arguments.
type Argument struct {
	Name  string
	Kind  Kind
	Index int // of a buffer or of threadgroup memory
	// Builtin is the attribute's name, as "thread_position_in_grid".
	Builtin string
	// Guard is the bool function constant without which the argument is absent,
	// or "".
	Guard string
	// Writable is a buffer that the kernel may write: a pointer to device memory
	// that is not const.
	Writable bool
	// Size and Align are those of one element of a buffer, in bytes.
	Size, Align int
}

// parameter is an argument as the source has it.
type parameter struct {
	name, builtin, guard string
	kind                 Kind
	index                string // an expression
	typ                  []string
	first                token
}

// places are the builtins of three dimensions; those of one row of the table
// must be declared with one type.
var places = map[string]int{
	"thread_position_in_grid": 1, "threads_per_grid": 1,
	"thread_position_in_threadgroup": 2, "threads_per_threadgroup": 2, "dispatch_threads_per_threadgroup": 2,
	"threadgroup_position_in_grid": 3, "threadgroups_per_grid": 3,
}

var numbers = []string{
	"thread_index_in_threadgroup", "thread_index_in_simdgroup", "simdgroup_index_in_threadgroup",
	"simdgroups_per_threadgroup", "dispatch_simdgroups_per_threadgroup", "threads_per_simdgroup", "thread_execution_width",
}

var (
	placeTypes  = []string{"uint", "uint2", "uint3", "ushort", "ushort2", "ushort3"}
	numberTypes = []string{"uint", "ushort"}
)

// parameters reads a kernel's, between the parentheses at open and close.
func (s *source) parameters(open, close int) []parameter {
	var out []parameter
	for _, r := range split(s.tokens, open+1, close) {
		p := s.parameter(r[0], r[1])
		s.checkParameter(p, out)
		out = append(out, p)
	}
	return out
}

func (s *source) parameter(begin, end int) parameter {
	p := parameter{first: s.tokens[begin], kind: -1}
	for i := begin; i < end; i++ {
		if last, ok := attributeAt(s.tokens, i); ok {
			for _, a := range attributes(s.text, s.tokens, i, last) {
				s.argumentAttribute(&p, a)
			}
			s.remove(i, last)
			i = last
			continue
		}
		p.typ = append(p.typ, s.tokens[i].text)
	}
	if n := len(p.typ); n > 0 {
		p.name, p.typ = p.typ[n-1], p.typ[:n-1]
	}
	return p
}

func (s *source) argumentAttribute(p *parameter, a attribute) {
	switch {
	case a.name == "buffer":
		p.kind, p.index = Buffer, a.argument
	case a.name == "threadgroup":
		p.kind, p.index = Threadgroup, a.argument
	case a.name == "function_constant":
		p.guard = a.argument
	case places[a.name] > 0 || slices.Contains(numbers, a.name):
		p.kind, p.builtin = Builtin, a.name
	default:
		s.fail(a.first, "attribute %q of an argument is unknown here", a.name)
	}
}

// checkParameter finds what Metal refuses and C++ does not.
func (s *source) checkParameter(p parameter, before []parameter) {
	pointer := slices.Contains(p.typ, "*") || slices.Contains(p.typ, "&")
	switch p.kind {
	case Buffer:
		if !pointer || !(slices.Contains(p.typ, "device") || slices.Contains(p.typ, "constant")) {
			s.fail(p.first, "buffer %s must be a pointer or a reference to device or constant memory", p.name)
		}
	case Threadgroup:
		if !pointer || !slices.Contains(p.typ, "threadgroup") {
			s.fail(p.first, "%s must be a pointer to threadgroup memory", p.name)
		}
	case Builtin:
		s.checkBuiltin(p, before)
		return
	default:
		s.fail(p.first, "argument %s has no attribute that says what it is", p.name)
		return
	}
	if n, err := strconv.Atoi(p.index); err == nil && (n < 0 || n > maxIndex) {
		s.fail(p.first, "index %d of %s: 0 to %d are allowed", n, p.name, maxIndex)
	}
	for _, b := range before {
		if b.kind == p.kind && b.index == p.index && p.guard == "" && b.guard == "" {
			s.fail(p.first, "%s and %s have the same index %s", b.name, p.name, p.index)
		}
	}
}

func (s *source) checkBuiltin(p parameter, before []parameter) {
	typ := withoutConst(p.typ)
	allowed := numberTypes
	if places[p.builtin] > 0 {
		allowed = placeTypes
	}
	if !slices.Contains(allowed, typ) {
		s.fail(p.first, "[[%s]] of type %q: it may be of %q", p.builtin, typ, allowed)
		return
	}
	for _, b := range before {
		if places[p.builtin] == 0 || places[b.builtin] == 0 {
			continue
		}
		other := withoutConst(b.typ)
		if places[p.builtin] == places[b.builtin] && typ != other {
			s.fail(p.first, "[[%s]] and [[%s]] must have the same type", b.builtin, p.builtin)
		} else if components(typ) != components(other) {
			s.fail(p.first, "[[%s]] and [[%s]] must have the same number of components", b.builtin, p.builtin)
		}
	}
}

func withoutConst(typ []string) string {
	out := ""
	for _, w := range typ {
		if w != "const" {
			out += w
		}
	}
	return out
}

func components(typ string) int {
	if last := typ[len(typ)-1]; last >= '2' && last <= '4' {
		return int(last - '0')
	}
	return 1
}
