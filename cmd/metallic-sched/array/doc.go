// Package array reads and writes the tensors of .npy and .safetensors files.
//
// A .npy file has one array, of type float32 or float16; NumPy has no bfloat16.
// A .safetensors file has tensors by name, of type F32, F16 or BF16.
package array
