#!/usr/bin/env python3
"""Training steps in PyTorch on a GPU, or on one CPU thread where there is none.

Usage: pytorch_gpu.py NETWORK SCALE BATCH SECONDS KIND...
A kind is float32 or tf32, or one of them with "-compiled". Of each in turn: says "ready" once it is warm, waits for a line,
trains for so many seconds and says how many images a second they were. A kind that fails says why."""

import sys
import time

import torch

from pytorch_training import Training


def main():
    name, scale, batch, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    finish = torch.cuda.synchronize if device == "cuda" else lambda: None
    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = True
    for kind in sys.argv[5:]:
        precision, _, compiled = kind.partition("-")
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        training = problem = None
        try:
            training = Training(name, scale, compiled or "contiguous", batch, device)
            for _ in range(3):
                training.step()
            finish()
        except RuntimeError as error:
            problem = str(error).splitlines()[0]
        print("ready", flush=True)
        sys.stdin.readline()
        if problem is None:
            start, steps = time.perf_counter(), 0
            while time.perf_counter() - start < seconds:
                training.step()
                finish()
                steps += 1
            problem = steps * batch / (time.perf_counter() - start)
        print(problem, flush=True)
        del training


if __name__ == "__main__":
    main()
