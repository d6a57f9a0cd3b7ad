// Package metalsim is a simulated libobjc, Foundation, Metal and Metal
// Performance Shaders for Linux: one shared library, written in C++, that the
// Metal driver loads in place of Apple's. It compiles and runs real shaders
// (see package msl), runs completion handlers on threads of its own, and is
// strict: whatever a program does against the rules of those interfaces is
// recorded as a violation, in words, and goes on with no harm done. Faults can
// be ordered.
//
// # What it records
//
// A commit with an open encoder, a second commit, anything on a command buffer
// after commit; anything on an encoder after endEncoding, or an encoder
// released without it; MPS encoding beside an open encoder; arguments that a
// kernel needs and that are not bound, are too short or misaligned; bytes bound
// to an argument that can be written; sizes, indices and offsets out of their
// limits; grids that are empty and threadgroups that are too large; threadgroup
// memory over the limit; buffers without copy that are not on 16 KiB pages;
// more command buffers than a queue has room for; objects released before the
// command buffer that uses them, but does not retain them, completed; messages
// to released objects and to what never was one; unknown selectors; objects of
// a wrong class; autorelease with no pool, and pools popped on another thread,
// twice or out of order; kernels that write a little behind the end of a
// buffer, or access memory far from it; threads of a kernel that miss a barrier;
// and a missing memoryBarrier (src/hazard.h says how, and what it cannot see).
//
// # What it cannot
//
// It has no timing and no fast math, and its threads run one after the other.
// Accesses outside of buffers are seen where they hit no other memory; those that
// read a little behind the end are not. Hazards between queues are not looked
// for, nor those over untracked buffers, which are a violation in themselves.
// Messages to nil are allowed, as they are in Objective-C. It knows the messages
// that the driver sends and a few more. A compiled shader stays loaded for ever.
package metalsim
