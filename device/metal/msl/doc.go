// Package msl runs Metal Shading Language compute kernels on Linux, so that
// shaders can be tested, and a simulated Metal library can be built, without a
// Mac. It is for correctness only: about 1 GFLOP/s.
//
// Build makes a shared library, or an executable, of a whole MSL source text:
// clang preprocesses it, a light rewrite of its tokens turns what C++ lacks
// into C++ (see translate.go), and clang compiles that with the headers under
// runtime/. The result runs one threadgroup at a time, with a fiber for each GPU
// thread. Threads take turns only where they meet: at barriers and simdgroup
// functions. The Schedule chooses who goes next, and threadgroup memory is
// filled with NaN before every threadgroup, so a missing barrier gives wrong
// numbers, and the same ones each time.
//
// An executable can be built with a sanitizer: Thread finds data races between
// the threads of a group (only barriers order memory, simdgroup functions do
// not), Address finds accesses outside of buffers and threadgroup memory.
//
// What it cannot show: whether Apple's compiler takes the source (Build refuses
// what is known not to be Metal, see check.go, but it is clang that compiles),
// Apple's rounding under fast math, timing, occupancy. fma is fused and nothing
// else is. Races between threadgroups are not looked for. Overloads that differ
// only in address spaces are redefinitions to it, and bfloat is missing.
package msl
