"""What bench-measures compares with. Prints what was measured, what was found, and seconds of wall clock."""

import json
import sys
import time

import numpy as np
import scipy.linalg

sigma, channels = 1.5, 3


def make(path, count, others, side):
    random = np.random.default_rng(1)
    fy, fx = np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij")
    filter = 1 / np.maximum(np.hypot(fy, fx), 1 / side) ** 1.5

    def images(number):
        blocks = []
        for first in range(0, number, 500):
            noise = random.standard_normal((min(500, number - first), channels, side, side))
            noise[:, 1:] = 0.3 * noise[:, 1:] + 0.95 * noise[:, :1]
            smooth = np.fft.irfft2(np.fft.rfft2(noise) * filter, s=(side, side))
            blocks.append(np.tanh(smooth / smooth.std()).astype(np.float32))
        return np.concatenate(blocks)

    tensors = {"images": images(count), "others": images(others)}
    header, place = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [place, place + tensor.nbytes]}
        place += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(tensor.tobytes())


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = np.frombuffer(file.read(), np.float32)
    found = []
    for name in ("images", "others"):
        first, last = header[name]["data_offsets"]
        found.append(data[first // 4 : last // 4].reshape(header[name]["shape"][0], -1))
    return found


def shrink(x):
    square = x * x
    return x * square / (square + np.float32(sigma * sigma))


def neighbours(images, samples):
    scores = samples @ images.T
    nearest = ((images * images).sum(1) / 2 - scores).argmin(1)
    distance = np.linalg.norm((samples - images[nearest]).astype(np.float64), axis=1)
    return (distance / np.linalg.norm(samples.astype(np.float64), axis=1)).mean()


def gaussian(images):
    x = images.astype(np.float64)
    x -= x.mean(0)
    values, _ = scipy.linalg.eigh(x.T @ x / len(x), driver="evd", overwrite_a=True)
    return values.sum()


def held_out_error(weights, bias, others):
    x = others + np.float32(sigma) * np.random.default_rng(3).standard_normal(others.shape, dtype=np.float32)
    return np.sqrt(np.mean((x @ weights.T.astype(np.float32) + bias.astype(np.float32) - shrink(x)) ** 2))


def distillation(images, others):
    """Least squares by the moments of noised images; noise and the denoiser are not counted."""
    random = np.random.default_rng(2)
    size = images.shape[1]
    square, cross = np.zeros((size, size)), np.zeros((size, size))
    sums, count, seconds = np.zeros((2, size)), 0, 0.0
    for _ in range(10):
        for first in range(0, len(images), 1000):
            clean = images[first : first + 1000]
            x = clean + np.float32(sigma) * random.standard_normal(clean.shape, dtype=np.float32)
            d = shrink(x)
            start = time.perf_counter()
            x, d = x.astype(np.float64), d.astype(np.float64)
            square += x.T @ x
            cross += d.T @ x
            sums += [x.sum(0), d.sum(0)]
            count += len(x)
            seconds += time.perf_counter() - start
    start = time.perf_counter()
    mx, md = sums / count
    covariance = square / count - np.outer(mx, mx)
    weights = scipy.linalg.solve(covariance, (cross / count - np.outer(md, mx)).T, assume_a="pos").T
    bias = md - weights @ mx
    seconds += time.perf_counter() - start
    return held_out_error(weights, bias, others), seconds


def recipe(images, others, epochs):
    """Adam in float32 from zero, batches of 256 in order, inputs divided by the root of their size."""
    random = np.random.default_rng(2)
    size = images.shape[1]
    root, rate = np.float32(np.sqrt(size)), np.float32(5e-4)
    values = [np.zeros((size, size), np.float32), np.zeros(size, np.float32)]
    first, second = [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values]
    step, start = 0, time.perf_counter()
    for _ in range(epochs):
        for place in range(0, len(images), 256):
            clean = images[place : place + 256]
            x = clean + np.float32(sigma) * random.standard_normal(clean.shape, dtype=np.float32)
            inputs = x / root
            error = (inputs @ values[0].T + values[1] - shrink(x)) * np.float32(2 / len(x))
            step += 1
            for index, slope in enumerate((error.T @ inputs, error.sum(0))):
                first[index] += np.float32(0.1) * (slope - first[index])
                second[index] += np.float32(0.001) * (slope * slope - second[index])
                scale = rate * np.float32(np.sqrt(1 - 0.999**step) / (1 - 0.9**step))
                values[index] -= scale * first[index] / (np.sqrt(second[index]) + np.float32(1e-8))
    seconds = time.perf_counter() - start
    return held_out_error(values[0] / root, values[1], others), seconds


def main():
    what, *rest = sys.argv[1:]
    if what == "make":
        make(rest[0], *map(int, rest[1:]))
        return
    if what == "eigenvectors":
        matrix = np.random.default_rng(1).standard_normal((int(rest[0]),) * 2)
        start = time.perf_counter()
        found = scipy.linalg.eigh(matrix + matrix.T, driver="evd")[0].sum()
    else:
        images, others = read(rest[0])
        start = time.perf_counter()
        if what in ("distillation", "recipe"):
            found, seconds = globals()[what](images, others, *map(int, rest[1:]))
            start = time.perf_counter() - seconds
        else:
            found = neighbours(images, others) if what == "neighbours" else gaussian(images)
    print(what, found, time.perf_counter() - start, sep="\t")


main()
