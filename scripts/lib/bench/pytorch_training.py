#!/usr/bin/env python3
"""Whole training steps and denoising in PyTorch on one CPU thread: the best of several memory layouts and batches.

Usage: pytorch_training.py NETWORK SCALE SECONDS [compiled] | memory NETWORK SCALE LAYOUT BATCH | sgemm
Prints tab-separated results: what, layout, batch, images per second of CPU time (or GFLOP/s, or MiB)."""

import sys
import time

import torch

import pytorch_networks


def resident(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


class Training:
    """EDM's step: noise, loss, gradients without NaN, Adam, moving average."""

    def __init__(self, name, scale, layout, batch, device="cpu"):
        torch.manual_seed(0)
        network, channels, side = pytorch_networks.build(name, scale)
        network = network.to(device)
        self.format = torch.channels_last if layout == "channels-last" else torch.contiguous_format
        self.network = network.to(memory_format=self.format)
        self.call = torch.compile(self.network) if layout == "compiled" else self.network
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.average = [p.detach().clone() for p in self.parameters]
        self.adam = torch.optim.Adam(self.parameters, lr=1e-3, fused=True)
        self.pixels = torch.randint(0, 256, (max(64, batch), channels, side, side), dtype=torch.uint8, device=device)
        self.batch, self.blind = batch, name.startswith("bias-free")
        self.seen = 0

    def prepared(self):
        chosen = torch.randperm(len(self.pixels), device=self.pixels.device)[: self.batch]
        y = (self.pixels[chosen].float() / 127.5 - 1).contiguous(memory_format=self.format)
        sigma = (torch.randn(self.batch, 1, 1, 1, device=y.device) * 1.2 - 1.2).exp()
        return y, sigma, torch.randn_like(y) * sigma

    def output(self, x, sigma):
        if self.blind:
            return x - self.call(x, None)
        total = sigma**2 + 0.25
        noise = sigma.flatten().log() / 4
        return x * (0.25 / total) + self.call(x / total.sqrt(), noise) * (sigma * 0.5 / total.sqrt())

    def step(self):
        y, sigma, noise = self.prepared()
        difference = self.output(y + noise, sigma) - y
        weight = 1.0 if self.blind else (sigma**2 + 0.25) / (sigma * 0.5) ** 2
        loss = (weight * difference**2).sum() / self.batch
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        for p in self.parameters:
            torch.nan_to_num(p.grad, nan=0, posinf=1e5, neginf=-1e5, out=p.grad)
        self.adam.step()
        with torch.no_grad():
            decay = 0.5 ** (self.batch / max(min(500_000, 0.05 * self.seen), 1e-8))
            torch._foreach_lerp_(self.average, self.parameters, 1 - decay)
        self.seen += self.batch

    def denoise(self):
        y, sigma, noise = self.prepared()
        with torch.inference_mode():
            self.output(y + noise, sigma)

    def rate(self, work, seconds):
        work()
        start = time.process_time()
        steps = 0
        while True:
            work()
            steps += 1
            spent = time.process_time() - start
            if spent >= seconds:
                return steps * self.batch / spent


def measure(name, scale, seconds, compiled):
    for layout in ["compiled"] if compiled else ["contiguous", "channels-last"]:
        slow = False
        for batch in [16, 32, 64]:
            if layout == "compiled" and batch != 64:
                continue
            if batch > 16 and slow:
                break
            training = Training(name, scale, layout, batch)
            start = time.process_time()
            rate = training.rate(training.step, seconds)
            slow = time.process_time() - start > 3 * seconds
            print("training", layout, batch, round(rate, 2), sep="\t", flush=True)
            if batch != 32:
                training.network.eval()
                rate = training.rate(training.denoise, seconds)
                print("denoising", layout, batch, round(rate, 2), sep="\t", flush=True)


def sgemm():
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    best = 0.0
    for _ in range(8):
        start = time.process_time()
        torch.mm(a, b)
        best = max(best, 2 * 2048**3 / (time.process_time() - start) / 1e9)
    print("sgemm", "-", 2048, round(best, 1), sep="\t")


def main():
    torch.set_num_threads(1)
    arguments = sys.argv[1:]
    if arguments == ["sgemm"]:
        sgemm()
    elif arguments[0] == "memory":
        before = resident("VmRSS")
        training = Training(arguments[1], int(arguments[2]), arguments[3], int(arguments[4]))
        for _ in range(2):
            training.step()
        peak = resident("VmHWM")
        print("memory", arguments[3], arguments[4], f"{peak:.0f}", f"{peak - before:.0f}", sep="\t")
    else:
        name, scale, seconds = arguments[0], int(arguments[1]), float(arguments[2])
        network, _, _ = pytorch_networks.build(name, scale)
        count = sum(p.numel() for p in network.parameters())
        print("parameters", "-", 0, count, sep="\t")
        measure(name, scale, seconds, "compiled" in arguments[3:])


if __name__ == "__main__":
    main()
