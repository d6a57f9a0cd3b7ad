// All that a translated shader sees. The words for address spaces come last:
// they are macros.
#pragma once
#pragma GCC system_header  // what Lint warns of is about the shader only
#include "arguments.h"
#include "atomic.h"
#include "matrix.h"
#include "metal_limits.h"
#include "metal_math.h"
#include "packed.h"
#include "simdgroup.h"
#include "vector.h"

using metal::array;
using metal::as_type;
using metal::vec;

#define is_function_constant_defined(name) (msl_defined_##name)

// MSL_ANNOUNCE follows every declaration of a threadgroup variable. MSL_COPYABLE
// begins every structure: where address spaces are told apart, a structure can
// be made of one in any space, or of anything, for its types are all that counts.
#ifdef MSL_LINT
#define MSL_ANNOUNCE(name)
#define MSL_COPYABLE(name)                             \
  name() = default;                                    \
  name(const name&) = default;                         \
  name(const __attribute__((address_space(1))) name&); \
  name(const __attribute__((address_space(2))) name&); \
  name(const __attribute__((address_space(3))) name&); \
  template <class... Parts>                            \
  name(Parts... parts);
#else
#define MSL_COPYABLE(name)
#define MSL_ANNOUNCE(name)             \
  static uint64_t msl_serial_##name;   \
  msl::threadgroup_variable(&name, sizeof name, msl_serial_##name);
#endif

#ifdef MSL_LINT
#define device __attribute__((address_space(1)))
#define constant const __attribute__((address_space(2)))
#define threadgroup __attribute__((address_space(3)))
#else
#define device
#define constant const
#define threadgroup
#endif
#define thread
#define kernel
