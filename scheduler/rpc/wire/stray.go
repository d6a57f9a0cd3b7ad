package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// strayIn returns an error about the first field, or name of an enum's value, in
// JSON that a message does not know; nil if there is none before the JSON breaks.
func strayIn(data []byte, m protoreflect.MessageDescriptor) error {
	s := search{Decoder: json.NewDecoder(bytes.NewReader(data[:min(len(data), searched)]))}
	var stray *job.InvalidError
	if err := s.value(place{message: m}); errors.As(err, &stray) {
		return stray
	}
	return nil
}

// search goes through JSON. Each of its methods returns a *job.InvalidError about
// what it found, or another error when it can go no further.
type search struct {
	*json.Decoder
	at []step // of the value, from the outermost on
}

// step leads from a message to a field, or from a list to one of its elements.
type step struct {
	field string
	index int // in a list, else -1
}

// place is what a value should be: a message, an enum's value, or a list of them.
// The zero place is anything else.
type place struct {
	message protoreflect.MessageDescriptor
	enum    protoreflect.EnumDescriptor
	list    bool
}

// searched is how many bytes are looked through: more than anybody writes by hand.
const searched = 4 << 20

// maxDepth is more than any message of ours has, and far less than a stack.
const maxDepth = 32

var errDeep = errors.New("rpc: JSON too deep")

func (s *search) value(p place) error {
	t, err := s.Token()
	if err != nil {
		return err
	}
	open := t == json.Delim('[') || t == json.Delim('{')
	switch {
	case len(s.at) > maxDepth:
		return errDeep
	case open && (p == place{} || p.enum != nil && t == json.Delim('{') || p.list && t == json.Delim('{')):
		return s.skip()
	case t == json.Delim('['):
		return s.list(place{message: p.message, enum: p.enum})
	case open:
		return s.object(p.message)
	}
	if name, ok := t.(string); ok && p.enum != nil && p.enum.Values().ByName(protoreflect.Name(name)) == nil {
		return Invalid(s.path(), namesOf(p.enum), "%.80q", name)
	}
	return nil
}

// skip goes to the end of a list or an object in which nothing is ours.
func (s *search) skip() error {
	for depth := 1; depth > 0; {
		t, err := s.Token()
		switch {
		case err != nil:
			return err
		case t == json.Delim('[') || t == json.Delim('{'):
			depth++
		case t == json.Delim(']') || t == json.Delim('}'):
			depth--
		}
	}
	return nil
}

func (s *search) list(p place) error {
	for i := 0; s.More(); i++ {
		if err := s.within(step{"", i}, p); err != nil {
			return err
		}
	}
	_, err := s.Token()
	return err
}

// object looks at the fields of a message.
func (s *search) object(m protoreflect.MessageDescriptor) error {
	for s.More() {
		t, err := s.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		f := fieldOf(m, key)
		if f == nil {
			s.at = append(s.at, step{key, -1})
			return Invalid(s.path(), fieldsOf(m), "no such field")
		}
		if err := s.within(step{key, -1}, place{f.Message(), f.Enum(), f.IsList()}); err != nil {
			return err
		}
	}
	_, err := s.Token()
	return err
}

// within looks at a value one step further in.
func (s *search) within(next step, p place) error {
	s.at = append(s.at, next)
	defer func() { s.at = s.at[:len(s.at)-1] }()
	return s.value(p)
}

// path says where a value is, as in jobs[1].matmul.
func (s *search) path() string {
	var b strings.Builder
	for _, step := range s.at {
		if step.index >= 0 {
			fmt.Fprintf(&b, "[%d]", step.index)
		} else {
			fmt.Fprintf(&b, ".%.80s", step.field)
		}
	}
	return fmt.Sprintf("%.160s", strings.TrimPrefix(b.String(), "."))
}

// fieldOf finds a field as JSON may call it: transA or trans_a.
func fieldOf(m protoreflect.MessageDescriptor, key string) protoreflect.FieldDescriptor {
	if f := m.Fields().ByJSONName(key); f != nil {
		return f
	}
	return m.Fields().ByTextName(key)
}

func fieldsOf(m protoreflect.MessageDescriptor) string {
	var names []string
	for i := range m.Fields().Len() {
		names = append(names, m.Fields().Get(i).JSONName())
	}
	return strings.Join(names, ", ")
}

func namesOf(e protoreflect.EnumDescriptor) string {
	var names []string
	for i := range e.Values().Len() {
		names = append(names, string(e.Values().Get(i).Name()))
	}
	return strings.Join(names, ", ")
}
