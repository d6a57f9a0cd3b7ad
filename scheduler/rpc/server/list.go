package server

import (
	"slices"
	"sort"
	"strings"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// list returns what is loaded or can be, by name. Operands without a name are
// shown to those who hold them, and to admins: who knows the hash of content can
// take hold of it.
func (s *store) list(prefix string, by caller) (all []*operandInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.byContent {
		if len(o.names) == 0 && o.holders[by.tenant] == 0 && !by.admin {
			continue
		}
		if info := infoOf(o); info.matches(prefix) {
			all = append(all, info)
		}
	}
	for name, f := range s.files {
		if s.byName[name] == nil && strings.HasPrefix(name, prefix) {
			all = append(all, &operandInfo{names: []string{name}, content: f.content, file: f.path})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].before(all[j]) })
	return all
}

// operandInfo is an operand as it was at one moment.
type operandInfo struct {
	id      uint64
	names   []string
	content content
	hashed  bool
	holds   int
	file    string
}

func infoOf(o *operand) *operandInfo {
	return &operandInfo{o.id, slices.Sorted(slices.Values(o.names)), o.content, o.hashed, o.holds, o.file}
}

func (i *operandInfo) matches(prefix string) bool {
	return prefix == "" || slices.ContainsFunc(i.names, func(n string) bool { return strings.HasPrefix(n, prefix) })
}

func (i *operandInfo) before(j *operandInfo) bool {
	switch {
	case len(i.names) > 0 && len(j.names) > 0:
		return i.names[0] < j.names[0]
	case len(i.names) != len(j.names):
		return len(i.names) > 0
	}
	return i.id < j.id
}

// count returns how much there is.
func (s *store) count() *pb.OperandCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &pb.OperandCount{Loaded: int64(len(s.byContent)), Named: int64(len(s.files)), PartialBytes: s.staged}
	for name := range s.byName {
		if s.files[name] == nil {
			c.Named++
		}
	}
	for _, o := range s.byContent {
		c.LoadedBytes += o.content.bytes()
	}
	return c
}
