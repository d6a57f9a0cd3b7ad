package msl

import (
	"fmt"
	"slices"
	"strings"
)

// maxIndex is the highest index of buffers and of threadgroup memory.
const maxIndex = 30

// tablesName is how compiler output calls what is generated.
const tablesName = "tables"

// announce returns the calls that tell the runtime of threadgroup variables.
func announce(names []string) string {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, " MSL_ANNOUNCE(%s)", n)
	}
	return b.String()
}

// program returns the whole C++ text.
func (s *source) program(executable bool) string {
	var b strings.Builder
	b.WriteString(s.shader())
	b.WriteString("#include \"endwords.h\"\n#line 1 \"" + tablesName + "\"\n")
	for i, e := range s.entries {
		s.launcher(&b, i, e)
	}
	b.WriteString("extern \"C\" {\nextern const msl_kernel msl_kernels[] = {\n")
	for i, e := range s.entries {
		limit := e.kernel.maxThreads
		if limit == "" {
			limit = "1024"
		}
		fmt.Fprintf(&b, "  {%q, msl_launch_%d, msl_arguments_%d, %d, %s, msl_uses_%d, %d},\n",
			e.name, i, i, len(e.kernel.parameters), limit, i, len(s.uses(e)))
	}
	b.WriteString("  {}};\nextern const msl_fconst msl_fconsts[] = {\n")
	for _, c := range s.constants {
		defined := strings.TrimSuffix(c.name, c.plain) + "msl_defined_" + c.plain
		optional := 0
		if c.optional {
			optional = 1
		}
		fmt.Fprintf(&b, "  {%q, %s, sizeof(%s), %d, &%s, &%s},\n", c.plain, c.index, c.name, optional, c.name, defined)
	}
	b.WriteString("  {}};\n}\n#include \"dispatch.h\"\nstatic void msl::derive_constants() {\n")
	for _, d := range s.derived {
		fmt.Fprintf(&b, "  %s();\n", d.function)
	}
	b.WriteString("}\nstatic uint32_t msl::file_rank(const char* file) {\n")
	for i, name := range s.files() {
		fmt.Fprintf(&b, "  if (!strcmp(file, %q)) return %d;\n", name, i)
	}
	b.WriteString("  return 0;\n}\n")
	if executable {
		b.WriteString("#include \"serve.h\"\n")
	}
	return b.String()
}

// files are those that the source says it is made of, in their order.
func (s *source) files() []string {
	var out []string
	for _, t := range s.tokens {
		if !slices.Contains(out, t.file) {
			out = append(out, t.file)
		}
	}
	return out
}

// shader returns the text without tables. It is in a namespace without a name,
// so that its names meet none of the runtime's.
func (s *source) shader() string {
	return fmt.Sprintf("#include \"prelude.h\"\nnamespace {\n#line 1 %q\n%s\n}\n", sourceName, s.edited())
}

func (s *source) uses(e entry) []string {
	name := e.kernel.name
	if i := strings.LastIndex(name, "::"); i >= 0 {
		name = name[i+2:]
	}
	return s.constantsOf(name)
}

// launcher writes what calls an entry, and the table of its arguments.
func (s *source) launcher(b *strings.Builder, n int, e entry) {
	fmt.Fprintf(b, "using msl_parameters_%d = msl::Parameters<decltype(&%s)>;\n", n, e.expression)
	fmt.Fprintf(b, "static void msl_launch_%d(void* const* buffers, void* const* memory) {\n  %s(", n, e.expression)
	for i, p := range e.kernel.parameters {
		if i > 0 {
			b.WriteString(", ")
		}
		typ := fmt.Sprintf("msl_parameters_%d::at<%d>", n, i)
		switch p.kind {
		case Buffer:
			fmt.Fprintf(b, "msl::memory<%s>(buffers[%s])", typ, p.index)
		case Threadgroup:
			fmt.Fprintf(b, "msl::memory<%s>(memory[%s])", typ, p.index)
		case Builtin:
			fmt.Fprintf(b, "msl::place<%s>(msl::builtin::%s())", typ, p.builtin)
		}
	}
	fmt.Fprintf(b, ");\n}\nstatic const msl_argument msl_arguments_%d[] = {\n", n)
	for i, p := range e.kernel.parameters {
		b.WriteString(p.row(fmt.Sprintf("msl_parameters_%d::at<%d>", n, i)))
	}
	uses := s.uses(e)
	fmt.Fprintf(b, "  {}};\nstatic const int32_t msl_uses_%d[] = {%s};\n", n, strings.Join(append(uses, "-1"), ", "))
}

// row returns an argument's row of the table; typ is its C++ type.
func (p parameter) row(typ string) string {
	if p.kind == Builtin {
		return fmt.Sprintf("  {%q, %q, nullptr, nullptr, MSL_BUILTIN, 0, 0, 0, 1},\n", p.name, p.builtin)
	}
	guardName, guard, kind, writable := "nullptr", "nullptr", "MSL_BUFFER", "0"
	if p.guard != "" {
		guardName, guard = fmt.Sprintf("%q", p.guard), "&"+p.guard
	}
	if p.kind == Threadgroup {
		kind = "MSL_THREADGROUP"
	} else {
		writable = "msl::pointee_writable<" + typ + ">"
	}
	return fmt.Sprintf("  {%q, nullptr, %s, %s, %s, %s, %s, msl::pointee_size<%s>, msl::pointee_align<%s>},\n",
		p.name, guardName, guard, kind, p.index, writable, typ, typ)
}
