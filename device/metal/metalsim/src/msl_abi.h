// What a shared library made of a Metal shader exports. Plain C, so that other
// languages can read it. All calls into one library must be serialised: it has
// one set of static variables.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum msl_kind { MSL_BUFFER = 0, MSL_THREADGROUP = 1, MSL_BUILTIN = 2 };

typedef struct msl_argument {
  const char* name;
  const char* builtin;      // the attribute's name; NULL unless kind is MSL_BUILTIN
  const char* guard_name;   // the function constant without which the argument is absent, or NULL
  const bool* guard;        // its value, right once the function constants are set and a dispatch began
  int32_t kind;             // enum msl_kind
  int32_t index;            // of [[buffer(index)]] or [[threadgroup(index)]]
  int32_t writable;         // a pointer to device memory that is not const
  uint32_t size, align;     // of what the argument points at, in bytes
} msl_argument;

typedef struct msl_kernel {
  const char* name;
  void (*launch)(void* const* buffers, void* const* threadgroup);
  const msl_argument* arguments;
  uint32_t argument_count;
  uint32_t max_threads;      // per threadgroup: 1024, or what the source says
  const int32_t* constants;  // indices of the function constants that the kernel may read
  uint32_t constant_count;
} msl_kernel;

typedef struct msl_fconst {
  const char* name;
  int32_t index;
  uint32_t size;      // of the value in bytes
  int32_t optional;   // the source asks is_function_constant_defined
  void* value;        // to be written before a dispatch
  bool* defined;      // to be set when the value was written, and cleared when not
} msl_fconst;

// Arrays, ended by an entry whose name is NULL.
extern const msl_kernel msl_kernels[];
extern const msl_fconst msl_fconsts[];

// The order in which threads and threadgroups take turns.
enum msl_order { MSL_FORWARD = 0, MSL_REVERSE = 1, MSL_RANDOM = 2 };

enum msl_status {
  MSL_OK = 0,
  MSL_UNKNOWN_KERNEL = 1,
  MSL_MISSING_BUFFER = 2,
  MSL_MISSING_THREADGROUP = 3,
  MSL_MISSING_CONSTANT = 4,
  MSL_CONSTANT_SIZE = 5,
  MSL_BAD_GRID = 6,
  MSL_MISALIGNED = 7,
  MSL_SHORT_BUFFER = 8,
  MSL_THREADGROUP_MEMORY = 9,  // more than 32 KiB in all
  MSL_BARRIER = 10,            // not reached by all threads
  MSL_SIMDGROUP = 11,          // a matrix operation without all 32 lanes
};

// msl_dispatch runs a kernel over a grid and returns an enum msl_status.
//
//   buffers               31 pointers by index; NULL where nothing is bound
//   threadgroup_bytes     31 lengths of threadgroup memory by index; 0 where there is none. The
//                         library allocates it and fills it with NaN before every threadgroup
//   groups                threadgroups of the grid
//   threads_per_group     threads of a threadgroup
//   threads               threads of the whole grid, for dispatchThreads: groups at the edge are
//                         smaller. NULL: groups times threads_per_group
//   order, seed           enum msl_order; seed is for MSL_RANDOM
//
// Function constants keep the values that were written through msl_fconsts.
int msl_dispatch(const msl_kernel* kernel, void* const* buffers, const uint32_t* threadgroup_bytes,
                 const uint32_t groups[3], const uint32_t threads_per_group[3], const uint32_t* threads, uint32_t order, uint32_t seed);

// msl_error is the text of the last failure of this library.
const char* msl_error(void);

// A job is a whole dispatch with its constants and memory: what msl_run takes.
typedef struct msl_binding {
  void* data;
  uint64_t size;
  uint32_t index;
  uint32_t reserved;
} msl_binding;

typedef struct msl_job {
  const char* kernel;
  const msl_binding* constants;
  const msl_binding* buffers;
  const msl_binding* threadgroup;  // data is not used: the library allocates the memory
  uint32_t constant_count, buffer_count, threadgroup_count;
  uint32_t groups[3], threads[3];  // threads of one threadgroup
  uint32_t order, seed;
} msl_job;

int msl_run(const msl_job* job);

#ifdef __cplusplus
}
#endif
