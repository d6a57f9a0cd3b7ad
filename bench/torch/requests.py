"""What PyTorch does with requests of a host vector each: a loop that serves
them one by one; 64 that lie side by side in pinned memory as one product, with
the copies in and out; and the same with 64 vectors and results that have memory
of their own, as those of callers do, gathered and scattered by the processor.

`make cuda` runs it next to the benchmark Vectors of ./scheduler.
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


def report(shape, how, requests, seconds):
    print(f"BenchmarkTorchVectors/{shape}/{how} 1 {requests / seconds:.0f} jobs/s {seconds * 1e6:.1f} µs", flush=True)


print("torch", torch.__version__, torch.cuda.get_device_name())
together = 64
for m, k in ((4096, 4096), (9728, 896), (896, 896)):
    w = (torch.rand(m, k, device="cuda") * 2 - 1).half()
    x = (torch.rand(k, 1) * 2 - 1).half()
    xs = (torch.rand(k, together) * 2 - 1).half().pin_memory()
    ys = torch.empty(m, together, dtype=torch.float16).pin_memory()

    def beside():
        ys.copy_(w @ xs.to("cuda", non_blocking=True))

    vectors = [(torch.rand(k) * 2 - 1).half() for _ in range(together)]
    results = [torch.empty(m, dtype=torch.float16) for _ in range(together)]
    gathered = torch.empty(together, k, dtype=torch.float16).pin_memory()
    answers = torch.empty(together, m, dtype=torch.float16).pin_memory()

    def apart():
        torch.stack(vectors, out=gathered)
        answers.copy_(gathered.to("cuda", non_blocking=True) @ w.t())
        torch._foreach_copy_(results, answers.unbind())

    apart()
    exact = w.cpu().double()
    for vector, result in zip(vectors, results):
        want = exact @ vector.double()
        assert (result.double() - want).abs().max() <= 0.01 * want.abs().max(), "a wrong result"
    shape = f"{m}x{k}"
    report(shape, "one-by-one", 1, median(lambda: (w @ x.cuda()).cpu(), 500))
    report(shape, "64-side-by-side", together, median(beside, 200))
    report(shape, "64-gathered", together, median(apart, 200))
