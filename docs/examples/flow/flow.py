#!/usr/bin/env python3
"""Flows without divergence: EDM's loss with a penalty on the divergence of what the network denoises to, and the divergence of
samples as a measure of this worker's own.

`flow.py make FILE` writes the images: velocities (u, v, w) of periodic flows that do not change along the third direction, float32
[N, 3, R, R] within [−1, 1]. (u, v) is the curl of a smooth random stream function by central differences, so that the same
differences find no divergence; w is another smooth function, of which nothing is asked.
"""
import sys

import numpy as np


def smooth(draws, count, edge):
    """Smooth periodic functions [count, R, R] of about unit size."""
    wave = np.fft.fftfreq(edge, 1 / edge)
    size = np.hypot(wave[:, None], wave[None])
    amplitude = np.where(size > 0, 1 / np.maximum(size, 1) ** 3, 0)
    field = np.fft.ifft2(np.fft.fft2(draws.normal(size=(count, edge, edge))) * amplitude).real
    return field / field.std(axis=(1, 2), keepdims=True)


def slope(field, axis):
    """Central differences around the torus, of numpy arrays and of tensors."""
    roll = np.roll if isinstance(field, np.ndarray) else lambda field, by, axis: field.roll(by, axis)
    return (roll(field, -1, axis) - roll(field, 1, axis)) / 2


def divergence(flow):
    """∂u/∂x + ∂v/∂y [B, R, R] of flows [B, 3, R, R]; x runs along a row."""
    return slope(flow[:, 0], -1) + slope(flow[:, 1], -2)


def make(path, count=4096, edge=16, seed=0):
    draws = np.random.default_rng(seed)
    stream, along = smooth(draws, count, edge), smooth(draws, count, edge)
    u, v = slope(stream, -2), -slope(stream, -1)
    most = max(np.abs(u).max(), np.abs(v).max())
    np.save(path, np.stack([u / most, v / most, along / np.abs(along).max()], axis=1).astype(np.float32))


if __name__ == "__main__" and sys.argv[1:2] == ["make"]:
    sys.exit(make(sys.argv[2]))

import torch  # noqa: E402
from eigensweep import Key, Measure, Parameter, Quantity, Row, edm  # noqa: E402
from torch import nn  # noqa: E402


def residual(measuring):
    """The size of the divergence beside that of the slopes it is made of, of samples and of training images."""
    wanted = measuring.parameters
    latents = edm.latents(wanted["seed"], wanted["samples"], measuring.spec.shape)
    samples = edm.sample(measuring.denoiser, latents, wanted["steps"], beat=measuring.beat)
    measuring.keep("samples.safetensors", {"samples": samples})
    for name, flow in (("residual", samples), ("residual_training", measuring.images.training)):
        slopes = np.square(slope(flow[:, 0], -1)) + np.square(slope(flow[:, 1], -2))
        values = np.sqrt(np.square(divergence(flow)).mean(axis=(1, 2)) / slopes.mean(axis=(1, 2)))
        yield Row(name, values.mean(), n=len(values), stderr=values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else None)


class Net(nn.Module):
    """Convolutions around the torus, told the noise level by a channel of its own."""

    def __init__(self, channels: int, width: int, depth: int) -> None:
        super().__init__()
        sizes = [channels + 1] + depth * [width] + [channels]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 5, padding=2, padding_mode="circular") for a, b in zip(sizes, sizes[1:]))

    def forward(self, x, noise):
        h = torch.cat([x, noise.reshape(-1, 1, 1, 1).expand_as(x[:, :1])], dim=1)
        for layer in self.layers[:-1]:
            h = nn.functional.silu(layer(h))
        return self.layers[-1](h)


class Worker(edm.Worker):
    name, numerics, architectures = "flow", 1, ["flow"]
    keys = [
        Key("model.width", int, least=4, most=512, default=32, meaning="channels"),
        Key("model.depth", int, least=1, most=16, default=4, meaning="convolutions before the last one"),
        Key("physics.weight", float, least=0, most=1e6, default=0.0, meaning="weight of the squared divergence in the loss"),
    ]
    measures = [Measure(
        "divergence", residual, samples=True,
        parameters=[
            Parameter("samples", 128, "samples that are drawn", least=2, most=100_000),
            Parameter("steps", 18, "steps of a sample", least=1, most=1000), Parameter("seed", 0, "keys the latents", least=0)],
        quantities=[
            Quantity("residual", needs=["sampler"]), Quantity("residual_training", fact="subset", needs=["training"])])]

    def network(self, spec):
        return Net(spec.channels, spec["model.width"], spec["model.depth"])

    def loss(self, model, clean, noise, sigma):
        # The images have no divergence, so that of D − y is D's own; F − F* is D − y in the units in which EDM weighs it.
        residual = model.residual(clean, noise, sigma)
        penalty = divergence(residual).square().sum()
        return (residual.square().sum() + model.spec["physics.weight"] * penalty) / len(clean)


if __name__ == "__main__":
    Worker().main()
