#!/usr/bin/env python3
"""A worker without PyTorch for the tests: D(x; σ) = a∘x + b with one number a pixel, its gradient written by hand."""
import sys
import time

import numpy as np

from eigensweep import Key, Measure, Parameter, Quantity, Row, keys, sampling, serving, subsets, worker


class Training(worker.Training):
    def __init__(self, spec, images):
        self.spec, self.images, self.parameters = spec, images, 2 * images[0].size
        self.a, self.b = np.zeros(images.shape[1:]), np.zeros(images.shape[1:])
        self.order = subsets.BatchOrder(len(images), spec.seed, spec.part, spec["dataset.flip"])

    def step(self, number):
        time.sleep(self.spec["training.pause"])
        if number + 1 == self.spec["training.break_at"]:
            return float("nan")
        batch = int(self.spec["training.batch"])
        y = self.images[self.order.batch(number * batch, batch)[0]].astype(np.float64)
        draws = np.random.Generator(np.random.PCG64([self.spec.seed, number]))
        sigma = np.exp(draws.normal(-1.2, 1.2, batch))[:, None, None, None]
        x = y + sigma * draws.normal(size=y.shape)
        error = (self.a * x + self.b - y) / (1 + sigma**2)
        rate = sampling.learning_rate(self.spec, number * batch)
        self.a, self.b = self.a - rate * (error * x).mean(0), self.b - rate * error.mean(0)
        print("this must not come between the events")
        return float(np.square(error).sum() / batch)

    def weights(self):
        return {"a": self.a.astype(np.float32), "b": self.b.astype(np.float32)}

    def state(self):
        return {"a": self.a, "b": self.b}

    def restore(self, state):
        self.a, self.b = state["a"], state["b"]


class Denoiser(serving.Denoiser):
    batch = 5

    def __init__(self, weights):
        self.a, self.b = weights["a"], weights["b"]

    def denoise(self, x, sigma):
        assert len(x) == self.batch
        return self.a * x + self.b

    def pullback(self, x, sigma, v):
        return self.a * v

    pushforward = pullback


def brightness(measuring):
    count = measuring.parameters["samples"]
    if count > 1000:
        raise worker.CannotMeasure("that many are too many")
    samples = sampling.sample(
        lambda x, sigma: serving.call(measuring.denoiser, x, sigma), sampling.latents(0, count, measuring.spec.shape), 4,
        beat=measuring.beat)
    measuring.keep("samples.safetensors", {"samples": samples})
    means = samples.mean(axis=(1, 2, 3))
    yield Row("brightness", means.mean(), n=count, stderr=means.std() / count**0.5)
    yield Row("undefined", float("nan"), sigma=0.5, position=3)


class Worker(worker.Worker):
    name, architectures, derivative = "tiny", ["tiny"], True
    keys = [
        Key("model.rank", int, least=1, most=8, default=2, meaning="does nothing"),
        Key("training.pause", float, least=0, default=0.0, meaning="seconds that a step waits"),
        Key("training.break_at", int, least=0, default=0, meaning="the step whose loss is no number"),
    ]
    reads = ["training.batch", "training.learning_rate", "training.warmup_images", "training.halving_images", "dataset.flip"]
    measures = [Measure("brightness", brightness, parameters=[Parameter("samples", 8, "how many", least=1)],
                        quantities=[Quantity("brightness")], samples=True)]

    def start(self, spec, images, threads):
        return Training(spec, images)

    def denoiser(self, spec, weights, threads):
        return Denoiser(weights)


if __name__ == "__main__":
    Worker().main()
