// Package fleet runs jobs on several devices, each with a scheduler of its own,
// behind the methods of one.
//
// An operand is loaded on one device. Its jobs go there, so that they meet and
// are batched; it is copied to another device when they would wait much longer
// than a copy takes, and brought back when a job needs it after its copies were
// given up for want of memory or lost with a device. policy.Place and
// policy.Evict decide; docs/devices.md tells the rules and what they cost.
package fleet
