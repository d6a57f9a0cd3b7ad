package scheduler_test

import (
	"context"
	"fmt"
	"log"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Attention of two new tokens over a cache of three, whose keys and values were
// loaded: two query heads share one K/V head, and a token does not see the ones
// after it. Other callers' attentions run in the same batch.
func ExampleScheduler_Do_attention() {
	ctx := context.Background()
	s, err := scheduler.Open(ctx, scheduler.Config{DeviceName: "cpu"})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close(ctx)
	const heads, tokens, keys, dim = 2, 2, 3, 2
	k, err := s.Load(tensor.Matrix(make([]float32, keys*dim), keys, dim))
	if err != nil {
		log.Fatal(err)
	}
	v, err := s.Load(tensor.Matrix([]float32{2, 0, 4, 0, 6, 3}, keys, dim))
	if err != nil {
		log.Fatal(err)
	}

	q, o := make([]float32, heads*tokens*dim), make([]float32, heads*tokens*dim)
	if err := s.Do(ctx, &job.Attention{
		Q: tensor.Batch(q, heads, tokens, dim),
		K: k.View(), V: v.View(),
		O:      tensor.Batch(o, heads, tokens, dim),
		Causal: true, QueryOffset: keys - tokens,
	}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(o[:4], o[4:]) // equal scores: the mean of the values that a token sees
	// Output: [3 0 4 1] [3 0 4 1]
}
