#include "pipeline.h"

#include <algorithm>

#include "fault.h"
#include "machine.h"
#include "nserror.h"

namespace sim {

unsigned long max_threads(const Shader& s) { return std::min<unsigned long>(machine().max_threads, s.kernel->max_threads); }

static Object* new_pipeline(Object*, Selector, Object* function, Object** error) {
  const char* what = "newComputePipelineStateWithFunction:error:";
  auto f = as<Function>(function, what);
  if (!f) {
    violation("%s: no function", what);
    return nullptr;
  }
  if (fails(Point::pipeline)) {
    set_error(error, {pipeline_domain, 2, "Compiler encountered an internal error"});
    return nullptr;
  }
  auto p = make<Pipeline>();
  p->shader = std::make_shared<const Shader>(f->shader);
  return p;
}

[[maybe_unused]] static const bool pipeline_methods = [] {
  const char* c = Pipeline::class_name;
  method(c, "maxTotalThreadsPerThreadgroup", +[](Pipeline* p, Selector) { return max_threads(*p->shader); });
  method(c, "threadExecutionWidth", +[](Object*, Selector) { return 32ul; });
  // What a kernel declares is known only once it runs; the shader runtime then
  // checks it together with what was asked for.
  method(c, "staticThreadgroupMemoryLength", +[](Object*, Selector) { return 0ul; });
  method("MTLDevice", "newComputePipelineStateWithFunction:error:", new_pipeline);
  return true;
}();

}  // namespace sim
