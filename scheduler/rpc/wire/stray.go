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
	s := search{json.NewDecoder(bytes.NewReader(data))}
	var stray *job.InvalidError
	if err := s.value("", 0, place{message: m}); errors.As(err, &stray) {
		return stray
	}
	return nil
}

// search goes through JSON. Each of its methods returns a *job.InvalidError about
// what it found, or another error when it can go no further.
type search struct{ *json.Decoder }

// place is what a value should be: a message, an enum's value, neither, or a list
// of them.
type place struct {
	message protoreflect.MessageDescriptor
	enum    protoreflect.EnumDescriptor
	list    bool
}

// maxDepth is more than any message of ours has, and far less than a stack.
const maxDepth = 32

var errDeep = errors.New("rpc: JSON too deep")

func (s search) value(at string, depth int, p place) error {
	t, err := s.Token()
	if err != nil {
		return err
	}
	switch {
	case depth > maxDepth:
		return errDeep
	case t == json.Delim('['):
		return s.list(at, depth+1, place{message: p.message, enum: p.enum})
	case t == json.Delim('{') && p.list:
		return s.object(at, depth+1, nil)
	case t == json.Delim('{'):
		return s.object(at, depth+1, p.message)
	}
	if name, ok := t.(string); ok && p.enum != nil && p.enum.Values().ByName(protoreflect.Name(name)) == nil {
		return Invalid(at, namesOf(p.enum), "%.80q", name)
	}
	return nil
}

func (s search) list(at string, depth int, p place) error {
	for i := 0; s.More(); i++ {
		if err := s.value(fmt.Sprintf("%s[%d]", at, i), depth, p); err != nil {
			return err
		}
	}
	_, err := s.Token()
	return err
}

// object looks at the fields of a message; m is nil if there should be none here.
func (s search) object(at string, depth int, m protoreflect.MessageDescriptor) error {
	for s.More() {
		t, err := s.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		next, p := strings.TrimPrefix(at+"."+key, "."), place{}
		if m != nil {
			f := fieldOf(m, key)
			if f == nil {
				return Invalid(fmt.Sprintf("%.160s", next), fieldsOf(m), "no such field")
			}
			p = place{f.Message(), f.Enum(), f.IsList()}
		}
		if err := s.value(next, depth, p); err != nil {
			return err
		}
	}
	_, err := s.Token()
	return err
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
