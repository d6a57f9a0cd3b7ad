// Package wire translates between package job and the messages of metallic.v1:
// tensors, jobs and errors, both ways. What it reads may come from anybody.
package wire
