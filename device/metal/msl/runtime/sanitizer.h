// The sanitizers' view of GPU threads. Without a sanitizer all of this is empty.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if __has_feature(thread_sanitizer)
#define MSL_TSAN 1
#else
#define MSL_TSAN 0
#endif
#if __has_feature(address_sanitizer)
#define MSL_ASAN 1
#else
#define MSL_ASAN 0
#endif

// The scheduler's own memory is shared by design: its functions are not watched,
// and no loop of theirs may become a call of memset, which is.
#define MSL_UNWATCHED_BEGIN                                                                                   \
  _Pragma("clang attribute push(__attribute__((no_sanitize(\"thread\", \"address\"))), apply_to = function)") \
  _Pragma("clang attribute push(__attribute__((no_builtin(\"memset\", \"memcpy\"))), apply_to = function)")
#define MSL_UNWATCHED_END _Pragma("clang attribute pop") _Pragma("clang attribute pop")

extern "C" {
#if MSL_TSAN
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif
#if MSL_ASAN
void __asan_unpoison_memory_region(const volatile void* address, size_t size);
#endif
}

MSL_UNWATCHED_BEGIN
namespace msl::sanitizer {

// What one fiber did before release is seen by another after acquire.
inline void release([[maybe_unused]] void* object) {
#if MSL_TSAN
  __tsan_release(object);
#endif
}

inline void acquire([[maybe_unused]] void* object) {
#if MSL_TSAN
  __tsan_acquire(object);
#endif
}

inline void* this_fiber() {
#if MSL_TSAN
  return __tsan_get_current_fiber();
#else
  return nullptr;
#endif
}

inline void* create_fiber() {
#if MSL_TSAN
  return __tsan_create_fiber(0);
#else
  return nullptr;
#endif
}

inline void destroy_fiber([[maybe_unused]] void* fiber) {
#if MSL_TSAN
  if (fiber) __tsan_destroy_fiber(fiber);
#endif
}

// A switch alone synchronises nothing (flag 1): only barriers do. Inlined, for a
// function that began on one fiber must not end on another.
__attribute__((always_inline)) inline void switch_to([[maybe_unused]] void* fiber) {
#if MSL_TSAN
  __tsan_switch_to_fiber(fiber, 1);
#endif
}

inline void ignore_begin() {
#if MSL_TSAN
  AnnotateIgnoreReadsBegin("", 0);
  AnnotateIgnoreWritesBegin("", 0);
#endif
}

inline void ignore_end() {
#if MSL_TSAN
  AnnotateIgnoreWritesEnd("", 0);
  AnnotateIgnoreReadsEnd("", 0);
#endif
}

// Fibers that were left in the middle leave their frames' red zones behind.
inline void forget_frames([[maybe_unused]] void* stacks, [[maybe_unused]] size_t size) {
#if MSL_ASAN
  __asan_unpoison_memory_region(stacks, size);
#endif
}

}  // namespace msl::sanitizer
MSL_UNWATCHED_END
