// Objects, their classes and who is alive.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "report.h"

namespace sim {

using Selector = const char*;  // interned: equal names are equal pointers

struct Class;

struct Object {
  Class* isa = nullptr;
  std::atomic<long> refs{1};
  std::atomic<int> in_flight{0};  // committed unretained command buffers that name it
  uint64_t serial = 0;            // tells it from a later object at its address
  std::atomic<bool> dead{false};  // a program that releases too often leaves us with references to those
  std::string label;
  virtual ~Object() = default;
  virtual void dispose() {}  // gives up what it holds; its shell stays for a while
};

struct Class {
  std::string name;
  std::unordered_map<Selector, void*> methods, class_methods;
  std::unordered_map<Selector, unsigned> since;  // the macOS that brought a method
  unsigned class_since = 0;
};

struct ClassObject : Object {
  Class* of = nullptr;
};

Class* class_named(const char* name);
Selector selector(const char* name);
const char* name_of(Selector s);  // also of what is no selector

// described is an object's class and label.
std::string described(const Object* o);

void enroll(Object* o, const char* class_name);
bool alive(const Object* o, uint64_t serial);
Object* retain(Object* o);
void release(Object* o);
Object* autorelease(Object* o);  // in pool.cc

// make returns a new object with one reference. T::class_name names its class.
template <class T>
T* make() {
  T* o = new T;
  enroll(o, T::class_name);
  return o;
}

Object* checked(Object* o, const char* where);  // nil, with a violation, unless alive

// as returns an argument as what it has to be, or nil, with a violation if it
// is another thing. nil passes silently: the caller knows whether it is allowed.
template <class T>
T* as(Object* o, const char* where) {
  if (!(o = checked(o, where))) return nullptr;
  if (T* t = dynamic_cast<T*>(o)) return t;
  violation("%s: a %s given where a %s belongs", where, o->isa ? o->isa->name.c_str() : "class", T::class_name);
  return nullptr;
}

// method and class_method add a method to a class. f takes (self, Selector, ...).
template <class R, class... A>
void method(const char* class_name, const char* name, R (*f)(A...)) {
  class_named(class_name)->methods[selector(name)] = (void*)f;
}
template <class R, class... A>
void class_method(const char* class_name, const char* name, R (*f)(A...)) {
  class_named(class_name)->class_methods[selector(name)] = (void*)f;
}

// since says which macOS brought a method; older machines do not know it.
inline void since(unsigned macos, const char* class_name, const char* name) {
  class_named(class_name)->since[selector(name)] = macos;
}

// allocatable adds alloc, new and init to class T.
template <class T>
void allocatable() {
  auto alloc = +[](Object*, Selector) -> Object* { return make<T>(); };
  class_method(T::class_name, "alloc", alloc);
  class_method(T::class_name, "new", alloc);
  method(T::class_name, "init", +[](Object* o, Selector) { return o; });
}

}  // namespace sim
