// Package reference has the values that results are compared with: single
// elements of products and softmaxes in float64, how far off float32 may be,
// and numbers to compute with. Its tolerances are those of package kerneltest,
// which has the reasons.
package reference
