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
// numbers, and the same ones each time. One schedule may happen to be a right
// order; that is why there are several. Variables without a value are NaN, too.
//
// An executable can be built with a sanitizer: Thread finds data races between
// the threads of a group (only barriers order memory, simdgroup functions do
// not), Address finds accesses outside of buffers and threadgroup memory. Lint
// compiles with address spaces told apart.
//
// Numbers: fma is fused and nothing else is; half rounds after every operation;
// simdgroup matrices are multiplied in float, in ascending order; max, min, fmax,
// fmin and clamp give the other operand when one is NaN; what Metal leaves
// undefined in a shuffle is NaN.
//
// What it cannot show: whether Apple's compiler takes the source (Build refuses
// what is known not to be Metal, see check.go, but it is clang that compiles),
// Apple's rounding under fast math, timing, occupancy. Races between
// threadgroups are not looked for, and a barrier for one kind of memory orders
// both. Function constants are variables here: code that Metal would remove
// still runs. Overloads that differ only in address spaces are redefinitions,
// bool4 is an int4 of 0 and -1, and bfloat, textures and quads are missing, but
// for a few quad functions. On aarch64 it was compiled and never run.
package msl
