#include "module.h"

#include <dlfcn.h>

namespace sim {

const msl_kernel* Module::kernel(const std::string& name) const {
  for (auto k = kernels; k->name; k++) {
    if (name == k->name) return k;
  }
  return nullptr;
}

const msl_fconst* Module::constant(unsigned long index) const {
  for (auto c = constants; c->name; c++) {
    if ((unsigned long)c->index == index) return c;
  }
  return nullptr;
}

static std::mutex modules_lock;
static std::map<std::string, Module*> modules;  // by path

template <class T>
static bool symbol(void* library, const char* name, T* to) {
  *(void**)to = dlsym(library, name);
  return *to != nullptr;
}

Module* open_module(const std::string& path, std::string* error) {
  std::lock_guard<std::mutex> lock(modules_lock);
  Module*& known = modules[path];
  if (known) return known;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  auto m = new Module;
  if (library && symbol(library, "msl_kernels", &m->kernels) && symbol(library, "msl_fconsts", &m->constants) &&
      symbol(library, "msl_run", &m->run) && symbol(library, "msl_error", &m->error)) {
    return known = m;
  }
  const char* why = dlerror();
  *error = why ? why : "not a compiled shader";
  delete m;
  return nullptr;
}

}  // namespace sim
