// Package ab compares two ways of running a benchmark, and does not conclude
// from noise.
//
// Runs come in pairs, one of each side, and a seeded coin decides which is
// first. So whatever happens to the machine meanwhile falls on either side
// with the same chance: if the sides are the same, each pair's difference is
// above zero with probability 1/2, independently of all others, however the
// noise is distributed and however it drifts. A process is one sample, the
// median of what it measured; its iterations are not independent.
//
// All decisions are pure functions: what an interval is (interval), what is
// known of a row at a level (judge), how levels are shared among rows (holm)
// and among looks (plan). Contest runs processes and asks them.
package ab
