// What NVRTC knows without headers, for clang without a toolkit.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __forceinline__ __attribute__((always_inline)) inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __cluster_dims__(...) // clang does not have it
#define __align__(n) __attribute__((aligned(n)))
#define GRID_CONSTANT // clang has it from version 20 on
typedef unsigned long size_t;
struct __align__(16) float4 { float x, y, z, w; };
struct __align__(16) uint4 { unsigned x, y, z, w; };
struct __align__(8) uint2 { unsigned x, y; };
struct uint3 { unsigned x, y, z; };
#define threadIdx (uint3{unsigned(__nvvm_read_ptx_sreg_tid_x()), unsigned(__nvvm_read_ptx_sreg_tid_y()), unsigned(__nvvm_read_ptx_sreg_tid_z())})
#define blockIdx (uint3{unsigned(__nvvm_read_ptx_sreg_ctaid_x()), unsigned(__nvvm_read_ptx_sreg_ctaid_y()), unsigned(__nvvm_read_ptx_sreg_ctaid_z())})
#define blockDim (uint3{unsigned(__nvvm_read_ptx_sreg_ntid_x()), unsigned(__nvvm_read_ptx_sreg_ntid_y()), unsigned(__nvvm_read_ptx_sreg_ntid_z())})
#define gridDim (uint3{unsigned(__nvvm_read_ptx_sreg_nctaid_x()), unsigned(__nvvm_read_ptx_sreg_nctaid_y()), unsigned(__nvvm_read_ptx_sreg_nctaid_z())})
#define __uint_as_float(x) __builtin_bit_cast(float, unsigned(x))
#define __int_as_float(x) __builtin_bit_cast(float, int(x))
#define __float_as_uint(x) __builtin_bit_cast(unsigned, float(x))
#define __shfl_xor_sync(mask, x, distance) __nvvm_shfl_sync_bfly_f32(mask, x, distance, 31)
#define __cvta_generic_to_shared(p) ((size_t)(__attribute__((address_space(3))) const void*)(p))
#define __cvta_generic_to_global(p) ((size_t)(p))
#define fmaf __builtin_fmaf
extern "C" __device__ float expf(float);
