"""What PyTorch does on the same GPU: medians of CUDA events around 50 calls, in
the words of `go test -bench`, whose benchmarks of ./device/cuda are the same.

`make cuda` runs it and puts both side by side.
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


def report(name, us, unit, value):
    print(f"BenchmarkTorch{name} 1 {us:.2f} gpu-µs {value:.4g} {unit}", flush=True)


def random(*shape, dtype):
    return torch.rand(*shape, device="cuda", dtype=dtype) * 2 - 1


print("torch", torch.__version__, torch.cuda.get_device_name())
for name, dtype in (("f16", torch.float16), ("f32", torch.float32)):
    for m, k in ((4096, 4096), (9728, 896), (896, 4864), (151936, 896)):
        w = random(m, k, dtype=dtype)
        for n in (1, 8, 16, 32, 64):
            x = random(k, n, dtype=dtype)
            us = clock(lambda: torch.mm(w, x))
            report(f"Matmul/{name}/{m}x{k}/N{n}", us, "Tflop/s", 2 * m * k * n / us / 1e6)
for name, dtype, n in (("f16", torch.float16, 4096), ("f16", torch.float16, 8192), ("f32", torch.float32, 4096)):
    a, b = random(n, n, dtype=dtype), random(n, n, dtype=dtype)
    # Ours has the columns of B lie side by side, or with /rows its rows.
    for layout, other in (("", b.t()), ("/rows", b)):
        us = clock(lambda: torch.mm(a, other))
        report(f"Matmul/{name}/{n}x{n}/N{n}{layout}", us, "Tflop/s", 2 * n**3 / us / 1e6)
for rows, cols in ((4096, 64), (4096, 1024), (4096, 4096), (4096, 16384), (64, 131072)):
    x = torch.rand(rows, cols, device="cuda")
    us = clock(lambda: torch.softmax(x, -1))
    report(f"Softmax/{rows}x{cols}", us, "GB/s", 8 * rows * cols / us / 1e3)
