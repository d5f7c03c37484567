#!/usr/bin/env python3
"""One trial of the demo sweep as a researcher would run it: training by EDM's step, 256 samples by Heun's method, the share of
copies and the distance to the Gaussian denoiser, in PyTorch and numpy on one thread.

Usage: pytorch_trial.py IMAGES.npy SIZE SCALE LENGTH RESULTS
Appends a line of JSON to RESULTS: what was found, and the seconds of start, training, sampling and measures."""

import json
import sys
import time

began = time.time()

import numpy as np  # noqa: E402
import torch  # noqa: E402

from pytorch_training import Training  # noqa: E402

HELD_OUT, SAMPLES, STEPS, BATCH = 256, 256, 18, 32


class Trial(Training):
    """A training on given images, in the layout and batch that are fastest here at these scales (docs/speed.md)."""

    def __init__(self, scale, pixels):
        super().__init__("ddpmpp 16x16x1", scale, "contiguous", BATCH)
        self.pixels = pixels

    def prepared(self):
        y = self.pixels[torch.randint(len(self.pixels), (self.batch,))].float() / 127.5 - 1
        sigma = (torch.randn(self.batch, 1, 1, 1) * 1.2 - 1.2).exp()
        return y, sigma, torch.randn_like(y) * sigma


def levels():
    ramp = torch.arange(STEPS, dtype=torch.float64) / (STEPS - 1)
    return torch.cat([(80 ** (1 / 7) + ramp * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7, torch.zeros(1)])


def sampled(denoise):
    """Heun's method of Karras et al. 2022, algorithm 1 without noise."""
    sigmas = levels()
    x = torch.randn(SAMPLES, 1, 16, 16) * sigmas[0].item()
    for now, then in zip(sigmas[:-1].tolist(), sigmas[1:].tolist()):
        slope = (x - denoise(x, now)) / now
        ahead = x + (then - now) * slope
        if then > 0:
            slope = (slope + (ahead - denoise(ahead, then)) / then) / 2
        x = x + (then - now) * slope
    return x


def copied(samples, training):
    distances = torch.cdist(samples.flatten(1).double(), training.flatten(1).double()).sort(dim=1).values
    return (distances[:, 0] < distances[:, 1] / 3).double().mean().item(), distances[:, 0].mean().item()


def gaussian_rmse(denoise, training, held_out):
    """By noise level, to the Wiener denoiser of the training images."""
    flat = training.flatten(1).double()
    mean = flat.mean(0)
    values, vectors = torch.linalg.eigh((flat - mean).T @ (flat - mean) / len(flat))
    found = []
    for sigma in levels()[:-1].tolist():
        x = held_out + sigma * torch.randn_like(held_out)
        parts = (x.flatten(1).double() - mean) @ vectors * (values.clamp(min=0) / (values.clamp(min=0) + sigma**2))
        optimum = parts @ vectors.T + mean
        found.append((denoise(x, sigma).flatten(1) - optimum).square().mean().sqrt().item())
    return found


def main():
    images, size, scale, length = np.load(sys.argv[1]), *map(int, sys.argv[2:5])
    torch.set_num_threads(1)
    pixels = torch.from_numpy(images)
    training = Trial(scale, pixels[HELD_OUT : HELD_OUT + size])
    marks = [began, time.time()]
    for _ in range(length // BATCH):
        training.step()
    marks.append(time.time())
    with torch.no_grad():
        for parameter, average in zip(training.parameters, training.average):
            parameter.copy_(average)

    def denoise(x, sigma):
        with torch.inference_mode():
            return training.output(x.float(), torch.full((len(x), 1, 1, 1), sigma))

    training.network.eval()
    samples = sampled(denoise)
    marks.append(time.time())
    real = pixels.float() / 127.5 - 1
    subset = real[HELD_OUT : HELD_OUT + size]
    share, nearest = copied(samples, subset)
    rmse = gaussian_rmse(denoise, subset, real[:HELD_OUT])
    marks.append(time.time())
    names = ["start", "training", "sampling", "measures"]
    seconds = {name: round(b - a, 3) for name, a, b in zip(names, marks, marks[1:])}
    found = dict(size=size, scale=scale, length=length, copied=share, nearest=nearest, rmse=rmse, seconds=seconds)
    with open(sys.argv[5], "a") as file:
        file.write(json.dumps(found) + "\n")


main()
