"""What PyTorch does with requests of a host vector each: a loop that serves
them one by one, and 64 of them as one product, with the copies in and out.

Run it next to `go test ./scheduler -run NONE -bench Vectors -stress.device cuda`.
"""
import time

import torch


def median(fn, times, rounds=7):
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(times):
            fn()
        found.append((time.perf_counter() - start) / times)
    return sorted(found[2:])[(rounds - 2) // 2]


print("torch", torch.__version__, torch.cuda.get_device_name())
for m, k in ((4096, 4096), (9728, 896), (896, 896)):
    w = (torch.rand(m, k, device="cuda") * 2 - 1).half()
    x = (torch.rand(k, 1) * 2 - 1).half()
    xs = (torch.rand(k, 64) * 2 - 1).half().pin_memory()
    ys = torch.empty(m, 64, dtype=torch.float16).pin_memory()

    def together():
        ys.copy_(w @ xs.to("cuda", non_blocking=True))

    one = median(lambda: (w @ x.cuda()).cpu(), 500)
    many = median(together, 200)
    print(f"f16 {m}x{k}: one by one {1 / one:.0f} requests/s ({one * 1e6:.1f} us each), 64 as one product {64 / many:.0f} ({many * 1e6:.1f} us)")
