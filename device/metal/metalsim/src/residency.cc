// MTLResidencySet.
#include <map>
#include <mutex>

#include "buffer.h"
#include "fault.h"
#include "nserror.h"
#include "nsstring.h"
#include "queue.h"

namespace sim {

struct ResidencyDescriptor : Object {
  static constexpr const char* class_name = "MTLResidencySetDescriptor";
};

// A residency set retains its allocations.
struct ResidencySet : Object {
  static constexpr const char* class_name = "MTLResidencySet";
  std::mutex lock;
  std::map<Buffer*, bool> buffers;  // false: from the next commit on
  void dispose() override {
    for (auto& entry : buffers) release(entry.first);
    buffers.clear();
  }
};

static Object* new_set(Object*, Selector, Object* descriptor, Object** error) {
  const char* what = "newResidencySetWithDescriptor:error:";
  if (!as<ResidencyDescriptor>(descriptor, what)) {
    violation("%s: no descriptor", what);
    return nullptr;
  }
  if (fails(Point::residency)) {
    set_error(error, {"MTLDeviceError", 1, "Internal error"});
    return nullptr;
  }
  return make<ResidencySet>();
}

// temporary stands for the objects that Metal makes on the way and leaves to
// the caller's pool.
static void temporary() { autoreleased_string("residency"); }

static void add(ResidencySet* s, Selector, Object* o) {
  auto b = as<Buffer>(o, "addAllocation:");
  std::lock_guard<std::mutex> l(s->lock);
  if (b && s->buffers.emplace(b, false).second) retain(b);
}

static void remove(ResidencySet* s, Selector, Object* o) {
  auto b = as<Buffer>(o, "removeAllocation:");
  bool known;
  {
    std::lock_guard<std::mutex> l(s->lock);
    known = b && s->buffers.erase(b);
  }
  if (known) release(b);
  else violation("removeAllocation: the residency set does not have it");
}

static void commit_set(ResidencySet* s, Selector) {
  temporary();
  std::lock_guard<std::mutex> l(s->lock);
  for (auto& entry : s->buffers) entry.second = true;
}

static void attach(Queue*, Selector, Object* set) {
  temporary();
  if (!as<ResidencySet>(set, "addResidencySet:")) violation("addResidencySet: no set");
}

static void detach(Queue*, Selector, Object* set) {
  temporary();
  if (!as<ResidencySet>(set, "removeResidencySet:")) violation("removeResidencySet: no set");
}

[[maybe_unused]] static const bool residency_methods = [] {
  allocatable<ResidencyDescriptor>();
  class_named(ResidencyDescriptor::class_name)->class_since = 15;
  const char* c = ResidencySet::class_name;
  method(c, "addAllocation:", add);
  method(c, "removeAllocation:", remove);
  method(c, "commit", commit_set);
  method(c, "requestResidency", +[](Object*, Selector) { temporary(); });
  method(c, "endResidency", +[](Object*, Selector) { temporary(); });
  method(c, "allocationCount", +[](ResidencySet* s, Selector) { return (unsigned long)s->buffers.size(); });
  method("MTLDevice", "newResidencySetWithDescriptor:error:", new_set);
  method(Queue::class_name, "addResidencySet:", attach);
  method(Queue::class_name, "removeResidencySet:", detach);
  since(15, "MTLDevice", "newResidencySetWithDescriptor:error:");
  since(15, Queue::class_name, "addResidencySet:");
  since(15, Queue::class_name, "removeResidencySet:");
  return true;
}();

}  // namespace sim
