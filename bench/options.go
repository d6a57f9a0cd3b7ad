package main

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options say what is compared.
type options struct {
	sections []string
	threads  []int
	sizes    []int // of square products
	shapes   []shape
	columns  []int // of small-N products
	types    []string
	rows     []int   // lengths of softmax rows
	shared   []shape // weights of the headline
	layers   int     // of the model that is decoded
	memory   int     // MiB that are read to measure bandwidth
	reps     int
	least    time.Duration // of a sample
	window   time.Duration // of a sample of the headline
	blas     string
	core     string
	ggml     string
	markdown bool
}

type shape struct{ m, k int }

func (s shape) String() string { return fmt.Sprintf("%dx%d", s.m, s.k) }

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{
		sections: []string{"sgemm", "smalln", "softmax", "headline", "decode"},
		threads:  []int{1, runtime.NumCPU()},
		sizes:    []int{256, 512, 1024, 2048, 4096},
		shapes:   []shape{{4096, 4096}, {896, 896}, {9728, 896}, {896, 4864}, {151936, 896}},
		columns:  []int{1, 2, 4, 8, 16, 32, 64, 128},
		types:    []string{"f32", "f16", "bf16"},
		rows:     []int{64, 256, 1024, 4096, 16384},
		shared:   []shape{{4096, 4096}},
	}
	o.threads = slices.Compact(o.threads)
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Bool("quick", false, "a few cells of everything, in less than 30 s")
	f.IntVar(&o.reps, "reps", 7, "samples of each entrant; the median counts")
	f.DurationVar(&o.least, "least", 30*time.Millisecond, "the shortest sample")
	f.DurationVar(&o.window, "window", 400*time.Millisecond, "a sample of the headline; one of decode takes five times as long")
	f.IntVar(&o.layers, "layers", 4, "layers of the model that is decoded")
	f.IntVar(&o.memory, "memory", 256, "MiB that are read to measure the bandwidth of memory: more than the caches hold")
	f.StringVar(&o.blas, "blas", "", "the BLAS to compare with (default: the first found)")
	f.StringVar(&o.core, "core", "", "the processor that OpenBLAS is told to be on (default: it looks; SkylakeX or Haswell if it does not know the processor)")
	f.StringVar(&o.ggml, "ggml", "", "the library that ggml/CMakeLists.txt makes (default: without ggml)")
	f.BoolVar(&o.markdown, "md", false, "write Markdown")
	list(f, "sections", "sections: sgemm, smalln, softmax, headline, decode", &o.sections, parseSection)
	list(f, "threads", "numbers of threads", &o.threads, positive)
	list(f, "sizes", "sizes of square products", &o.sizes, positive)
	list(f, "shapes", "shapes of small-N weights, MxK", &o.shapes, parseShape)
	list(f, "n", "columns of small-N products", &o.columns, positive)
	list(f, "types", "types of small-N weights: f32, f16, bf16", &o.types, parseType)
	list(f, "rows", "lengths of softmax rows", &o.rows, positive)
	list(f, "shared", "shapes of the headline's weights, MxK", &o.shared, parseShape)
	// What -quick says can be changed by other flags, wherever it stands.
	if slices.Contains(args, "-quick") || slices.Contains(args, "--quick") {
		o.quick()
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		err := fmt.Errorf("%q is not a flag", f.Arg(0))
		fmt.Fprintln(stderr, "bench:", err)
		return nil, err
	}
	return o, nil
}

func (o *options) quick() {
	o.reps = 3
	o.least = 5 * time.Millisecond
	o.threads = []int{runtime.NumCPU()}
	o.sizes = []int{256, 1024, 2048}
	o.shapes = []shape{{4096, 4096}, {896, 896}}
	o.columns = []int{1, 8, 64}
	o.types = []string{"f32", "f16"}
	o.rows = []int{256, 4096}
	o.window = 200 * time.Millisecond
}

// list defines a flag that is a list with commas.
func list[T any](f *flag.FlagSet, name, usage string, into *[]T, parse func(string) (T, error)) {
	f.Func(name, usage+" (default "+strings.Trim(strings.ReplaceAll(fmt.Sprint(*into), " ", ","), "[]")+")", func(text string) error {
		*into = nil
		for word := range strings.SplitSeq(text, ",") {
			x, err := parse(word)
			if err != nil {
				return err
			}
			*into = append(*into, x)
		}
		return nil
	})
}

func positive(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err == nil && n < 1 {
		err = fmt.Errorf("%d is not positive", n)
	}
	return n, err
}

func parseShape(text string) (s shape, err error) {
	m, k, ok := strings.Cut(text, "x")
	if !ok {
		return s, fmt.Errorf("%q is not MxK", text)
	}
	if s.m, err = positive(m); err == nil {
		s.k, err = positive(k)
	}
	return s, err
}

func parseSection(text string) (string, error) {
	for _, s := range sections {
		if s.name == text {
			return text, nil
		}
	}
	return "", fmt.Errorf("%q is no section", text)
}

func parseType(text string) (string, error) {
	if !slices.Contains([]string{"f32", "f16", "bf16"}, text) {
		return "", fmt.Errorf("%q is no type", text)
	}
	return text, nil
}
