// Package decode replays the matrix products and softmaxes of a language
// model's text generation through a scheduler, by many sequences at once. Each
// sequence waits for one product before it submits the next, as it must: the
// products feed each other.
//
// It is a load with the true sizes and dependencies, not a language model:
// what a model does between products (norms, rotary embedding, activation
// function) is replaced by scaling to unit size.
package decode
