#include "nsarray.h"

namespace sim {

struct Array : Object {
  static constexpr const char* class_name = "NSArray";
  std::vector<Object*> objects;
  void dispose() override {
    for (Object* o : objects) release(o);
    objects.clear();
  }
};

Object* new_array(std::vector<Object*> objects) {
  auto a = make<Array>();
  a->objects = std::move(objects);
  for (Object* o : a->objects) retain(o);
  return a;
}

[[maybe_unused]] static const bool array_methods = [] {
  const char* c = Array::class_name;
  method(c, "count", +[](Array* a, Selector) { return (unsigned long)a->objects.size(); });
  method(c, "firstObject", +[](Array* a, Selector) -> Object* { return a->objects.empty() ? nullptr : a->objects[0]; });
  return true;
}();

}  // namespace sim
