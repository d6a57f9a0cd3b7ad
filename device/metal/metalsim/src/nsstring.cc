#include "nsstring.h"

namespace sim {

static String* make_string(const std::string& text) {
  auto s = make<String>();
  s->text = text;
  return s;
}

Object* autoreleased_string(const std::string& text) { return autorelease(make_string(text)); }

static Object* init_utf8(String* s, Selector, const char* text) {
  s->text = text;
  return s;
}

static Object* init_bytes(String* s, Selector, const char* bytes, unsigned long n, unsigned long encoding) {
  if (encoding != 4) violation("initWithBytes:length:encoding: only UTF-8 (4) is known, not %lu", encoding);
  s->text.assign(bytes, n);
  return s;
}

[[maybe_unused]] static const bool string_methods = [] {
  const char* c = String::class_name;
  allocatable<String>();
  class_method(c, "stringWithUTF8String:", +[](Object*, Selector, const char* s) { return autoreleased_string(s); });
  method(c, "initWithUTF8String:", init_utf8);
  method(c, "initWithBytes:length:encoding:", init_bytes);
  method(c, "UTF8String", +[](String* s, Selector) { return s->text.c_str(); });
  method(c, "length", +[](String* s, Selector) { return (unsigned long)s->text.size(); });  // of ASCII text
  method(c, "lengthOfBytesUsingEncoding:", +[](String* s, Selector, unsigned long) { return (unsigned long)s->text.size(); });
  // Every object has a label and can describe itself.
  method("NSObject", "setLabel:", +[](Object* o, Selector, Object* label) {
    if (auto s = as<String>(label, "setLabel:")) o->label = s->text;
  });
  method("NSObject", "label", +[](Object* o, Selector) -> Object* {
    return o->label.empty() ? nullptr : autoreleased_string(o->label);
  });
  method("NSObject", "description", +[](Object* o, Selector) { return autoreleased_string("<" + o->isa->name + ">"); });
  return true;
}();

}  // namespace sim
