// Package mtl is the part of Metal and Metal Performance Shaders that the
// driver needs, typed, without a C compiler. The libraries' paths are
// arguments: a simulated library can stand in for the frameworks where there
// is no macOS.
//
// The rules of Metal that the types cannot enforce:
//   - Methods whose comment says so need an autorelease pool ([API.Pool]).
//   - A command buffer and its encoder belong to one goroutine at a time;
//     everything else may be used from any.
//   - Command buffers do not retain what they refer to, unless they were asked
//     to: buffers, pipelines and matrices must not be released before the
//     command buffer has completed.
//   - One encoder of a command buffer is open at a time. Metal Performance
//     Shaders open one of their own.
//   - What New... and methods of that kind return is released with Release,
//     once.
package mtl
