// Package kernels says what can be computed: operations, shapes, what devices
// are capable of, the catalog of kernels and what each supports, and the plan
// and specialisation key that selection produces. It computes nothing itself.
package kernels
