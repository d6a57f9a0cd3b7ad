#include "object.h"

#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_set>

#include "export.h"
#include "machine.h"

namespace sim {

// Shells of dead objects are kept, so that their addresses are not used again
// soon and late messages are caught.
constexpr size_t max_dead = 1 << 16;

struct Registry {
  std::shared_mutex lock;
  std::map<std::string, ClassObject*> classes;
  std::unordered_set<std::string> names;       // of selectors
  std::unordered_set<Selector> selectors;      // the same, by address
  std::unordered_map<const Object*, bool> known;  // true: alive
  std::deque<Object*> dead;
  std::map<std::string, long> live;  // by class
  uint64_t serial = 0;
};

static Registry& registry() {
  static Registry* r = new Registry;  // never destroyed: threads outlive main
  return *r;
}

static ClassObject* class_object(const char* name) {
  Registry& r = registry();
  std::unique_lock lock(r.lock);
  ClassObject*& c = r.classes[name];
  if (!c) {
    c = new ClassObject;
    c->of = new Class{name, {}, {}, {}, 0};
    r.known[c] = true;
  }
  return c;
}

Class* class_named(const char* name) { return class_object(name)->of; }

Selector selector(const char* name) {
  Registry& r = registry();
  std::unique_lock lock(r.lock);
  Selector s = r.names.insert(name).first->c_str();
  r.selectors.insert(s);
  return s;
}

const char* name_of(Selector s) {
  Registry& r = registry();
  std::shared_lock lock(r.lock);
  return r.selectors.count(s) ? s : "(not a selector)";
}

std::string described(const Object* o) {
  std::string name = o->isa ? o->isa->name : static_cast<const ClassObject*>(o)->of->name;
  return o->label.empty() ? name : name + " \"" + o->label + "\"";
}

void enroll(Object* o, const char* class_name) {
  o->isa = class_named(class_name);
  Registry& r = registry();
  std::unique_lock lock(r.lock);
  o->serial = ++r.serial;
  r.known[o] = true;
  r.live[class_name]++;
}

bool alive(const Object* o, uint64_t serial) {
  Registry& r = registry();
  std::shared_lock lock(r.lock);
  auto found = r.known.find(o);
  return found != r.known.end() && found->second && o->serial == serial;
}

Object* checked(Object* o, const char* where) {
  if (!o) return nullptr;
  Registry& r = registry();
  std::shared_lock lock(r.lock);
  auto found = r.known.find(o);
  if (found != r.known.end() && found->second) return o;
  if (found != r.known.end()) {
    violation("%s: the %s was released", where, described(o).c_str());
  } else {
    violation("%s: %p is no object", where, (void*)o);
  }
  return nullptr;
}

Object* retain(Object* o) {
  if (o) o->refs++;
  return o;
}

// bury makes o dead, and frees the oldest dead when there are too many.
static void bury(Object* o) {
  Registry& r = registry();
  std::unique_lock lock(r.lock);
  r.known[o] = false;
  r.live[o->isa->name]--;
  r.dead.push_back(o);
  while (r.dead.size() > max_dead && !r.dead.front()->in_flight) {
    r.known.erase(r.dead.front());
    delete r.dead.front();
    r.dead.pop_front();
  }
}

void release(Object* o) {
  if (!o || !o->isa || --o->refs != 0 || o->dead.exchange(true)) return;  // classes have no isa and live for ever
  if (o->in_flight > 0)
    violation("%s released before the command buffer that uses it completed", described(o).c_str());
  bury(o);
  o->dispose();
}

static uintptr_t nothing() { return 0; }

struct Triple {
  unsigned long v[3];
};
static Triple nothing_struct() { return {}; }  // every struct that we return is of this size

// understood returns the method of a living object, or nil. The registry is locked.
static void* understood(Object* o, Selector s) {
  Class* c = o->isa ? o->isa : static_cast<ClassObject*>(o)->of;
  static Class* base = registry().classes.at("NSObject")->of;
  if (auto since = c->since.find(s); since != c->since.end() && machine().macos < since->second) return nullptr;
  for (Class* in : {c, base}) {
    auto& table = o->isa ? in->methods : in->class_methods;
    if (auto found = table.find(s); found != table.end()) return found->second;
  }
  return nullptr;
}

// find returns the method, or nil after recording why there is none.
static void* find(Object* o, Selector s) {
  Registry& r = registry();
  std::shared_lock lock(r.lock);
  auto known = r.known.find(o);
  const char* name = r.selectors.count(s) ? s : "(not a selector)";
  if (known == r.known.end()) {
    violation("message %s sent to %p, which is no object", name, (void*)o);
    return nullptr;
  }
  if (!known->second) {
    violation("message %s sent to a released %s", name, described(o).c_str());
    return nullptr;
  }
  if (void* found = understood(o, s)) return found;
  violation("unrecognized selector %c[%s %s]", o->isa ? '-' : '+', described(o).c_str(), name);
  return nullptr;
}

static bool responds(Object* o, Selector, Selector s) {
  std::shared_lock lock(registry().lock);
  return understood(o, s) != nullptr;
}

[[maybe_unused]] static const bool object_methods = [] {
  const char* base = "NSObject";
  method(base, "retain", +[](Object* o, Selector) { return retain(o); });
  method(base, "release", +[](Object* o, Selector) { release(o); });
  method(base, "autorelease", +[](Object* o, Selector) { return autorelease(o); });
  method(base, "retainCount", +[](Object* o, Selector) { return (unsigned long)o->refs; });
  method(base, "respondsToSelector:", responds);
  class_method(base, "respondsToSelector:", responds);
  return true;
}();

}  // namespace sim

// Called by the trampolines with the receiver and the selector.
extern "C" __attribute__((visibility("hidden"), used)) void* metalsim_lookup(sim::Object* o, sim::Selector s) {
  void* found = o ? sim::find(o, s) : nullptr;
  return found ? found : (void*)sim::nothing;
}

extern "C" __attribute__((visibility("hidden"), used)) void* metalsim_lookup_stret(sim::Object* o, sim::Selector s) {
  void* found = o ? sim::find(o, s) : nullptr;
  return found ? found : (void*)sim::nothing_struct;
}

SIM_EXPORT sim::Selector sel_registerName(const char* name) { return sim::selector(name); }

SIM_EXPORT sim::Object* objc_getClass(const char* name) {
  auto& r = sim::registry();
  std::shared_lock lock(r.lock);
  auto found = r.classes.find(name);
  return found == r.classes.end() || sim::machine().macos < found->second->of->class_since ? nullptr : found->second;
}

// Lines "class=count".
SIM_EXPORT size_t metalsim_live(char* out, size_t room) {
  auto& r = sim::registry();
  std::shared_lock lock(r.lock);
  std::string all;
  for (const auto& [name, count] : r.live) {
    if (count) all += name + "=" + std::to_string(count) + "\n";
  }
  return sim::copy_out(all, out, room);
}
