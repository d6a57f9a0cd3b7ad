// MTLDevice.
#include <mutex>

#include "buffer.h"
#include "export.h"
#include "fault.h"
#include "machine.h"
#include "nsarray.h"
#include "nsstring.h"
#include "size.h"

namespace sim {

struct Device : Object {
  static constexpr const char* class_name = "MTLDevice";
  void dispose() override;
};

// There is one at a time, as the system's default device is.
static std::mutex device_lock;
static Device* default_device;

void Device::dispose() {
  std::lock_guard<std::mutex> lock(device_lock);
  if (default_device == this) default_device = nullptr;
}

static Object* the_device() {
  std::lock_guard<std::mutex> lock(device_lock);
  for (long n = default_device ? default_device->refs.load() : 0; n > 0;) {
    if (default_device->refs.compare_exchange_weak(n, n + 1)) return default_device;  // unless its last release came first
  }
  return default_device = make<Device>();
}

static Object* create_device() { return fails(Point::device) ? nullptr : the_device(); }

static Object* copy_devices() {
  if (fails(Point::devices)) return new_array({});
  Object* device = the_device();
  Object* all = new_array({device});
  release(device);
  return all;
}

// MTLGPUFamily: Apple1.. 1001.., Mac2 2002, Common1..3 3001.., Metal3 5001.
static bool supports_family(Object*, Selector, long family) {
  if (family >= 1001 && family < 2000) return family <= 1000 + (long)machine().apple_family;
  return family == 2002 || (family >= 3001 && family <= 3003) || (family == 5001 && machine().apple_family >= 7);
}

[[maybe_unused]] static const bool device_methods = [] {
  const char* c = Device::class_name;
  method(c, "name", +[](Object*, Selector) { return autoreleased_string("Simulated Metal device"); });
  method(c, "hasUnifiedMemory", +[](Object*, Selector) { return true; });
  method(c, "isLowPower", +[](Object*, Selector) { return false; });
  method(c, "registryID", +[](Object*, Selector) { return 1ul; });
  method(c, "maxBufferLength", +[](Object*, Selector) { return machine().max_buffer; });
  method(c, "recommendedMaxWorkingSetSize", +[](Object*, Selector) { return machine().memory; });
  method(c, "currentAllocatedSize", +[](Object*, Selector) { return allocated_bytes(); });
  method(c, "maxThreadgroupMemoryLength", +[](Object*, Selector) { return machine().threadgroup_memory; });
  method(c, "maxThreadsPerThreadgroup", +[](Object*, Selector) { return Size{1024, 1024, 1024}; });
  method(c, "supportsFamily:", supports_family);
  // Programs only ask whether it is there: it is as old as Metal 3.1.
  method(c, "architecture", +[](Object*, Selector) -> Object* { return nullptr; });
  since(14, c, "architecture");
  return true;
}();

}  // namespace sim

SIM_EXPORT sim::Object* MTLCreateSystemDefaultDevice() { return sim::create_device(); }
SIM_EXPORT sim::Object* MTLCopyAllDevices() { return sim::copy_devices(); }
SIM_EXPORT bool MPSSupportsMTLDevice(sim::Object*) { return !sim::fails(sim::Point::mps); }
