// MTLLibrary, MTLFunction and what they are made with.
#include <cstring>

#include "compile.h"
#include "fault.h"
#include "function.h"
#include "nsstring.h"

namespace sim {

struct CompileOptions : Object {
  static constexpr const char* class_name = "MTLCompileOptions";
};

struct Library : Object {
  static constexpr const char* class_name = "MTLLibrary";
  Module* module = nullptr;
};

struct ConstantValues : Object {
  static constexpr const char* class_name = "MTLFunctionConstantValues";
  Constants values;
};

static Object* new_library(Object*, Selector, Object* source, Object* options, Object** error) {
  const char* what = "newLibraryWithSource:options:error:";
  auto text = as<String>(source, what);
  if (options) as<CompileOptions>(options, what);
  if (!text) {
    violation("%s: no source", what);
    return nullptr;
  }
  std::string why = "Internal error";
  std::string path = fails(Point::library) ? "" : compile(text->text, &why);
  Module* module = path.empty() ? nullptr : open_module(path, &why);
  if (!module) {
    set_error(error, {library_domain, compile_failure, "program_source:\n" + why});
    return nullptr;
  }
  // Warnings make an error, too, though there is a library.
  set_error(error, {library_domain, compile_warning, "Compilation succeeded with: program_source: warning: simulated"});
  auto l = make<Library>();
  l->module = module;
  return l;
}

// Sizes of the MTLDataTypes that constants have, 0 for others.
static size_t constant_size(unsigned long type) {
  switch (type) {
    case 53: case 49: case 45: return 1;  // bool, uchar, char
    case 16: case 37: case 41: case 121: return 2;  // half, short, ushort, bfloat
    case 3: case 29: case 33: return 4;  // float, int, uint
    default: return 0;
  }
}

static void set_constant(ConstantValues* c, Selector, const char* value, unsigned long type, unsigned long index) {
  size_t size = constant_size(type);
  if (!size || !value || index > 65535) {
    violation("setConstantValue:type:atIndex: value %p of type %lu for index %lu", (const void*)value, type, index);
    return;
  }
  c->values[index] = std::string(value, size);
}

// unfit returns why a kernel cannot be specialised with these values, or "".
static std::string unfit(const Module* module, const msl_kernel* k, const Constants& values) {
  for (uint32_t i = 0; i < k->constant_count; i++) {
    auto c = module->constant(k->constants[i]);
    if (!c) continue;
    auto value = values.find(c->index);
    std::string what = std::string("function constant ") + c->name + " (index " + std::to_string(c->index) + ")";
    if (value == values.end()) {
      if (!c->optional) return what + " of " + k->name + " has no value";
    } else if (value->second.size() != c->size) {
      return what + " of " + k->name + " has another type than its value";
    }
  }
  return "";
}

static Object* new_function(Library* l, Object* name, const Constants& values, Object** error) {
  auto text = as<String>(name, "newFunctionWithName:");
  auto kernel = text ? l->module->kernel(text->text) : nullptr;
  if (!kernel) {
    set_error(error, {library_domain, function_not_found, "Function " + (text ? text->text : "nil") + " was not found in the library"});
    return nullptr;
  }
  if (auto why = unfit(l->module, kernel, values); !why.empty()) {
    set_error(error, {library_domain, compile_failure, why});
    return nullptr;
  }
  auto f = make<Function>();
  f->shader = {l->module, kernel, values};
  return f;
}

static Object* new_specialised(Library* l, Selector, Object* name, Object* values, Object** error) {
  auto v = as<ConstantValues>(values, "newFunctionWithName:constantValues:error:");
  return new_function(l, name, v ? v->values : Constants{}, error);
}

[[maybe_unused]] static const bool library_methods = [] {
  const char* options = CompileOptions::class_name;
  allocatable<CompileOptions>();
  method(options, "setFastMathEnabled:", +[](Object*, Selector, bool) {});
  method(options, "setLanguageVersion:", +[](Object*, Selector, unsigned long) {});
  method(options, "setMathMode:", +[](Object*, Selector, long) {});
  method(options, "setMathFloatingPointFunctions:", +[](Object*, Selector, long) {});
  since(15, options, "setMathMode:");
  since(15, options, "setMathFloatingPointFunctions:");
  allocatable<ConstantValues>();
  method(ConstantValues::class_name, "setConstantValue:type:atIndex:", set_constant);
  method("MTLDevice", "newLibraryWithSource:options:error:", new_library);
  method(Library::class_name, "newFunctionWithName:constantValues:error:", new_specialised);
  method(Library::class_name, "newFunctionWithName:", +[](Library* l, Selector, Object* name) {
    return new_function(l, name, {}, nullptr);
  });
  method(Function::class_name, "name", +[](Function* f, Selector) { return autoreleased_string(f->shader.kernel->name); });
  return true;
}();

}  // namespace sim
