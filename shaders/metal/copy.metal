// copy: elements from one layout to another. Type A is the type of both sides.
kernel void copy(device const ElementA* src [[buffer(0)]],
                 device ElementA* dst [[buffer(2)]],
                 constant CopyArguments& args [[buffer(3)]],
                 uint3 place [[thread_position_in_grid]]) {
  if (place.x < args.cols && place.y < args.rows) {
    dst[at(args.dst, place.z, place.y, place.x)] = src[at(args.src, place.z, place.y, place.x)];
  }
}
