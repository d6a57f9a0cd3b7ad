"""What PyTorch does on the same GPU: medians of CUDA events around 50 calls.

Run it next to `go test ./device/cuda -run NONE -bench 'Matmul|Softmax' -benchtime 1x`.
"""
import torch

torch.backends.cuda.matmul.allow_tf32 = False


def clock(fn, times=50):
    found = []
    for _ in range(7):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(times):
            fn()
        end.record()
        end.synchronize()
        found.append(start.elapsed_time(end) * 1e3 / times)
    return sorted(found[2:])[2]


print("torch", torch.__version__, torch.cuda.get_device_name())
for dtype, shapes in (
    (torch.float16, ((4096, 4096), (9728, 896), (896, 4864), (151936, 896))),
    (torch.float32, ((4096, 4096), (9728, 896), (896, 4864), (151936, 896))),
):
    for m, k in shapes:
        w = torch.rand(m, k, device="cuda", dtype=dtype) * 2 - 1
        line = []
        for n in (1, 8, 16, 32, 64):
            x = torch.rand(k, n, device="cuda", dtype=dtype) * 2 - 1
            line.append(f"N{n} {clock(lambda: torch.mm(w, x)):.1f}")
        print(f"mm {dtype} {m}x{k} us:", ", ".join(line))
for dtype, n in ((torch.float16, 4096), (torch.float16, 8192), (torch.float32, 4096)):
    a, b = (torch.rand(n, n, device="cuda", dtype=dtype) * 2 - 1 for _ in range(2))
    us = clock(lambda: torch.mm(a, b), 10)
    print(f"mm {dtype} {n}^3: {us:.1f} us, {2 * n**3 / us / 1e6:.0f} Tflop/s")
for rows, cols in ((4096, 64), (4096, 1024), (4096, 4096), (4096, 16384), (64, 131072)):
    x = torch.rand(rows, cols, device="cuda")
    us = clock(lambda: torch.softmax(x, -1))
    print(f"softmax f32 {rows}x{cols}: {us:.1f} us, {8 * rows * cols / us / 1e3:.0f} GB/s")
