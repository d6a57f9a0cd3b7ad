#include "pool.h"

#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "export.h"
#include "object.h"

namespace sim {

struct Pool {
  uintptr_t token;
  std::vector<Object*> objects;
};

static thread_local std::vector<Pool> pools;

static std::mutex owners_lock;
static std::unordered_map<uintptr_t, std::thread::id> owners;  // of open pools, by token

size_t open_pools() { return pools.size(); }

Object* autorelease(Object* o) {
  if (!o || !o->isa) return o;
  if (pools.empty()) {
    violation("%s autoreleased with no pool in place: it leaks", o->isa->name.c_str());
  } else {
    pools.back().objects.push_back(o);
  }
  return o;
}

static uintptr_t push_pool() {
  std::lock_guard<std::mutex> lock(owners_lock);
  static uintptr_t last = 0;
  uintptr_t token = (last += 16);  // looks like an address, is none
  owners[token] = std::this_thread::get_id();
  pools.push_back({token, {}});
  return token;
}

// disown returns why the pool cannot be popped here, or nil.
static const char* disown(uintptr_t token) {
  std::lock_guard<std::mutex> lock(owners_lock);
  auto found = owners.find(token);
  if (found == owners.end()) return "autorelease pool popped that is not open";
  if (found->second != std::this_thread::get_id()) return "autorelease pool popped on another thread";
  owners.erase(found);
  return nullptr;
}

// drain pops the innermost pool. A dispose may autorelease into the one below.
static void drain() {
  auto objects = std::move(pools.back().objects);
  pools.pop_back();
  for (Object* o : objects) {
    if (checked(o, "autorelease pool")) release(o);
  }
}

static void pop_pool(uintptr_t token) {
  if (const char* why = disown(token)) {
    violation("%s", why);
    return;
  }
  if (pools.back().token != token) violation("autorelease pools popped out of order");
  while (pools.back().token != token) {
    disown(pools.back().token);
    drain();
  }
  drain();
}

}  // namespace sim

SIM_EXPORT uintptr_t objc_autoreleasePoolPush() { return sim::push_pool(); }
SIM_EXPORT void objc_autoreleasePoolPop(uintptr_t token) { sim::pop_pool(token); }

SIM_EXPORT sim::Object* objc_retain(sim::Object* o) { return sim::retain(sim::checked(o, "objc_retain")); }
SIM_EXPORT void objc_release(sim::Object* o) { sim::release(sim::checked(o, "objc_release")); }
