#include "nserror.h"

#include "nsstring.h"

namespace sim {

struct Error : Object {
  static constexpr const char* class_name = "NSError";
  Failure failure;
};

Object* autoreleased_error(const Failure& f) {
  auto e = make<Error>();
  e->failure = f;
  return autorelease(e);
}

void set_error(Object** out, const Failure& f) {
  if (out) *out = autoreleased_error(f);
}

// As logs of Apple silicon machines show them; device removed (an external
// GPU unplugged) has no known log and is worded alike.
static const struct {
  long code;
  const char* text;
} command_texts[] = {
    {1, "Internal Error (0000000e:Internal Error)"},
    {2, "Caused GPU Timeout Error (00000002:kIOGPUCommandBufferCallbackErrorTimeout)"},
    {3, "Caused GPU Address Fault Error (0000000b:kIOGPUCommandBufferCallbackErrorPageFault)"},
    {4, "Ignored (for causing prior/excessive GPU errors) (00000004:kIOGPUCommandBufferCallbackErrorSubmissionsIgnored)"},
    {7, "Insufficient Permission (to submit GPU work from background) (00000006:kIOGPUCommandBufferCallbackErrorBackgroundExecutionNotPermitted)"},
    {8, "Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)"},
    {9, "Invalid Resource (00000009:kIOGPUCommandBufferCallbackErrorInvalidResource)"},
    {11, "Device Removed (0000000a:kIOGPUCommandBufferCallbackErrorDeviceRemoved)"},
};

Failure command_failure(long code) {
  for (const auto& t : command_texts) {
    if (t.code == code) return {command_buffer_domain, code, t.text};
  }
  return {command_buffer_domain, code, "Unknown Error (" + std::to_string(code) + ")"};
}

[[maybe_unused]] static const bool error_methods = [] {
  const char* c = Error::class_name;
  auto text = +[](Error* e, Selector) { return autoreleased_string(e->failure.text); };
  method(c, "localizedDescription", text);
  method(c, "description", text);
  method(c, "domain", +[](Error* e, Selector) { return autoreleased_string(e->failure.domain); });
  method(c, "code", +[](Error* e, Selector) { return e->failure.code; });
  return true;
}();

}  // namespace sim
