#!/usr/bin/env python3
"""An image as a function of place: a network on coordinates, trained at one resolution and sampled at two.

A small encoder reads the noisy image into a code; one network for all pixels makes the denoised value of any place in [−1, 1]² of
that code, the noise level and waves of the place. Nothing in it knows how many pixels are asked for.
"""
import math

import numpy as np
import torch
from eigensweep import Key, Measure, Parameter, Quantity, Row, edm
from torch import nn


class Field(nn.Module):
    def __init__(self, channels: int, code: int, width: int, waves: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(channels + 1, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 3, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(width, width, 3, stride=2, padding=1), nn.SiLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
            nn.Linear(16 * width, code))
        self.register_buffer("waves", math.pi * torch.randn(2, waves))
        self.of_code, self.of_place = nn.Linear(code + 1, width), nn.Linear(2 * waves, width, bias=False)
        self.hidden, self.out = nn.Linear(width, width), nn.Linear(width, channels)

    def forward(self, x, noise, edge=None):  # x [B, C, H, W], noise [B]; D [B, C, edge, edge]
        edge = edge or x.shape[-1]
        level = noise.log() / 4
        code = self.encoder(torch.cat([x / (1 + noise.reshape(-1, 1, 1, 1)), level.reshape(-1, 1, 1, 1).expand_as(x[:, :1])], 1))
        line = (torch.arange(edge, device=x.device) + 0.5) * (2 / edge) - 1
        angles = torch.cartesian_prod(line, line) @ self.waves
        of_place = self.of_place(torch.cat([angles.sin(), angles.cos()], dim=1))
        h = nn.functional.silu(of_place + self.of_code(torch.cat([code, level[:, None]], dim=1))[:, None])
        h = self.out(nn.functional.silu(self.hidden(h)))
        return h.transpose(1, 2).unflatten(2, (edge, edge))


def resolutions(measuring):
    """Samples at the resolution of the training, whose last step is also drawn with more pixels."""
    wanted, edge = measuring.parameters, measuring.spec.resolution
    states = []

    def denoise(x, sigma):
        states[:] = [(x, sigma)]
        return measuring.denoiser(x, sigma)

    latents = edm.latents(wanted["seed"], wanted["samples"], measuring.spec.shape)
    # By Euler's steps, so that the last denoising is that of the sample itself.
    coarse = edm.sample(denoise, latents, wanted["steps"], "euler", beat=measuring.beat)
    (x, sigma), = states
    network, device = measuring.denoiser.network, measuring.denoiser.device
    with torch.inference_mode():
        fine = network(
            torch.from_numpy(x).to(device), torch.from_numpy(sigma.astype(np.float32)).to(device), wanted["factor"] * edge
        ).cpu().numpy()
    measuring.keep("samples.safetensors", {"samples": coarse})
    measuring.keep("fine.safetensors", {"samples": fine})
    averaged = fine.reshape(*coarse.shape[:2], edge, wanted["factor"], edge, wanted["factor"]).mean(axis=(3, 5))
    for name, other in (("averaged_rmse", averaged), ("shuffled_rmse", np.roll(averaged, 1, axis=0))):
        values = np.sqrt(np.square(coarse - other).mean(axis=(1, 2, 3)))
        yield Row(name, values.mean(), n=len(values), stderr=values.std(ddof=1) / len(values) ** 0.5)


class Worker(edm.Worker):
    name, numerics, architectures = "field", 1, ["field"]
    keys = [
        Key("model.code", int, least=1, most=4096, default=64, meaning="numbers that an image becomes"),
        Key("model.width", int, least=4, most=1024, default=48, meaning="channels"),
        Key("model.waves", int, least=1, most=1024, default=48, meaning="waves by which a place is told"),
    ]
    measures = [Measure(
        "resolutions", resolutions, samples=True,
        parameters=[
            Parameter("samples", 64, "samples that are drawn", least=2, most=100_000),
            Parameter("steps", 18, "Euler steps of a sample", least=1, most=1000),
            Parameter("factor", 2, "how many times finer", least=2, most=16), Parameter("seed", 0, "keys the latents", least=0)],
        quantities=[
            Quantity("averaged_rmse", unit="pixels", needs=["sampler"]),
            Quantity("shuffled_rmse", unit="pixels", needs=["sampler"])])]

    def network(self, spec):
        return Field(spec.channels, spec["model.code"], spec["model.width"], spec["model.waves"])


if __name__ == "__main__":
    Worker().main()
