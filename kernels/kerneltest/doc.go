// Package kerneltest is what every kernel on every device must pass: cases
// made from a seed, a float64 reference that is obviously right, guard words
// around all memory, and a suite that compares bits alone and in company.
//
// # Tolerance
//
// A result is right if it lies between round(want-e) and round(want+e), where
// round goes to float32 and then to the type of the result. For a matmul
//
//	e = 2^-23*(K+4)*S + (K+4)*max(1, |alpha|)*tiny
//	S = |alpha|*sum|a*b| + |beta*c| + |bias|
//
// which bounds every order of summing K products in float32, fused or not,
// also with the truncating adders of matrix units, and alpha, beta and bias on
// top. For a softmax over n columns of which the greatest is m
//
//	e = 2^-23*(n+16+4*min(104, m-x))*want + tiny
//
// for any order of the sum, an exponential within a few units in the last
// place, and its argument rounded to float32. tiny is the least subnormal
// float32, or the least normal one for devices that flush subnormals. Cases
// marked Exact hold whole numbers whose sums float32 represents: there e = 0.
// Where S exceeds the greatest float32 an intermediate may overflow, and any
// result passes. A NaN passes exactly where IEEE arithmetic gives one.
package kerneltest
