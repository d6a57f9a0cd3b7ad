// matmul_gemv: a dot product per element.
kernel void matmul_gemv(device const ElementA* a [[buffer(0)]],
                        device const ElementB* b [[buffer(1)]],
                        device ElementC* c [[buffer(2)]],
                        constant MatmulArguments& args [[buffer(3)]],
                        device const ColumnRun* runs [[buffer(4)]],
                        device const Matrix* biases [[buffer(5)]],
                        device const ElementC* bias [[buffer(6)]],
                        uint3 place [[thread_position_in_grid]]) {
  if (place.x >= args.m || place.y >= args.n) {
    return;
  }
  float sum = 0.0f;
  for (uint k = 0; k < args.k; k++) {
    sum = fma(widen(a[at(args.a, place.z, place.x, k)]), widen(b[at(args.b, place.z, k, place.y)]), sum);
  }
  finish(c, args, runs, biases, bias, place.z, place.x, place.y, sum);
}
