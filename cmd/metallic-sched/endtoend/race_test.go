//go:build race

package endtoend

const race = true
