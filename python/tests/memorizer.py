#!/usr/bin/env python3
"""A worker for tests whose networks are the optimum for their training images, so that measures of them have known values: D(x; σ)
is the mean of these under the posterior of x, and its samples are these images."""
import numpy as np

from eigensweep import Measure, Row, serving, worker


class Training(worker.Training):
    def __init__(self, images):
        self.images, self.parameters, self.steps = images, images.size, 0

    def step(self, number):
        self.steps = number + 1
        return 1 / self.steps

    def weights(self):
        return {"images": self.images}

    def state(self):
        return {"images": self.images, "trained": np.array([self.steps])}

    def restore(self, state):
        self.images, self.steps = state["images"], int(state["trained"][0])


class Denoiser(serving.Denoiser):
    batch = 32

    def __init__(self, images):
        self.shape, self.rows = images.shape[1:], images.reshape(len(images), -1).astype(np.float64)

    def denoise(self, x, sigma):
        flat = x.reshape(len(x), -1).astype(np.float64)
        squares = (flat**2).sum(1)[:, None] - 2 * flat @ self.rows.T + (self.rows**2).sum(1)
        weight = -squares / (2 * sigma[:, None]**2)
        weight = np.exp(weight - weight.max(1, keepdims=True))
        return (weight / weight.sum(1, keepdims=True) @ self.rows).astype(np.float32).reshape(x.shape)


class Worker(worker.Worker):
    name, architectures, deterministic = "memorizer", ["memory"], True
    measures = [Measure("size", lambda measuring: [Row("images", float(len(measuring.images.training)))])]

    def start(self, spec, images, threads):
        return Training(images)

    def denoiser(self, spec, weights, threads):
        return Denoiser(weights["images"])


if __name__ == "__main__":
    Worker().main()
