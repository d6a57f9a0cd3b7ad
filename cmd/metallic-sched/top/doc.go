// Package top shows what a server does now: rates from two statuses and the
// records of batches between them, laid out as a frame of text, which a
// terminal program refreshes.
package top
