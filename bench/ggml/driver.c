// What the benchmark asks of ggml, in functions that are easy to call from Go.
// Nothing here copies a matrix: ggml computes on the caller's memory.
#include <stdint.h>
#include <stdlib.h>

#include "ggml-cpu.h"
#include "ggml.h"

struct pool {
  struct ggml_threadpool *threads;
  int32_t n;
};

struct peer {
  struct ggml_context *ctx;
  struct ggml_cgraph *graph;
  struct ggml_cplan plan;
};

const char *peer_version(void) { return ggml_version(); }

// peer_pool starts threads; they sleep until there is work.
void *peer_pool(int32_t threads) {
  ggml_cpu_init();
  struct ggml_threadpool_params params = ggml_threadpool_params_default(threads);
  params.paused = true;
  struct pool *p = malloc(sizeof *p);
  if (p) p->n = threads, p->threads = ggml_threadpool_new(&params);
  return p;
}

void peer_pool_free(void *pool) {
  ggml_threadpool_free(((struct pool *)pool)->threads);
  free(pool);
}

// peer_sleep ends the polling of threads for more work.
void peer_sleep(void *pool) { ggml_threadpool_pause(((struct pool *)pool)->threads); }

static struct peer *begin(void) {
  struct peer *p = calloc(1, sizeof *p);
  struct ggml_init_params params = {.mem_size = 1 << 20, .no_alloc = true};
  if (p) p->ctx = ggml_init(params);
  return p;
}

static void *finish(struct peer *p, struct ggml_tensor *out, struct pool *pool) {
  p->graph = ggml_new_graph_custom(p->ctx, 8, false);
  ggml_build_forward_expand(p->graph, out);
  p->plan = ggml_graph_plan(p->graph, pool->n, pool->threads);
  if (p->plan.work_size > 0) p->plan.work_data = malloc(p->plan.work_size);
  return p;
}

// peer_mul_mat plans Y = W*X: W is m x k, rows contiguous; X is k x n and Y is
// m x n, columns contiguous. type is 0 for f32, 1 for f16, 2 for bf16; X and Y
// are f32.
void *peer_mul_mat(void *pool, int32_t type, int64_t m, int64_t n, int64_t k, void *w, void *x, void *y) {
  static const enum ggml_type types[] = {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16};
  struct peer *p = begin();
  if (!p) return NULL;
  struct ggml_tensor *a = ggml_new_tensor_2d(p->ctx, types[type], k, m);
  struct ggml_tensor *b = ggml_new_tensor_2d(p->ctx, GGML_TYPE_F32, k, n);
  struct ggml_tensor *c = ggml_mul_mat(p->ctx, a, b);
  a->data = w, b->data = x, c->data = y;
  return finish(p, c, pool);
}

// peer_soft_max plans Y = softmax(X) over rows of f32. Y may be X.
void *peer_soft_max(void *pool, int64_t rows, int64_t cols, void *x, void *y) {
  struct peer *p = begin();
  if (!p) return NULL;
  struct ggml_tensor *a = ggml_new_tensor_2d(p->ctx, GGML_TYPE_F32, cols, rows);
  struct ggml_tensor *b = ggml_soft_max(p->ctx, a);
  a->data = x, b->data = y;
  return finish(p, b, pool);
}

// peer_run computes what was planned and returns 0.
int32_t peer_run(void *planned) {
  struct peer *p = planned;
  return ggml_graph_compute(p->graph, &p->plan);
}

void peer_free(void *planned) {
  struct peer *p = planned;
  free(p->plan.work_data);
  ggml_free(p->ctx);
  free(p);
}
