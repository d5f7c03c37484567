"""EDM's preconditioning, noise levels and schedules as numbers, and its samplers (Karras et al. 2022). No PyTorch here."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Optional

import numpy as np

from .failures import Refusal

#: σ(t) of the variance-preserving process: √(exp(½·19.9·t² + 0.1·t) − 1), from t = 1e-5 on.
_BETA_D, _BETA_MIN, _FIRST = 19.9, 0.1, 1e-5


def variance_preserving(t: np.ndarray) -> np.ndarray:
    return np.sqrt(np.expm1(0.5 * _BETA_D * t * t + _BETA_MIN * t))


def coefficients(name: str, sigma: np.ndarray, data: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """c_skip, c_out, c_in and c_noise [B] of a preconditioning (`edm`, `vp`, `ve`, `none`) at noise levels σ [B], float64:
    D = c_skip·x + c_out·F(c_in·x; c_noise)."""
    one = np.ones_like(sigma)
    if name == "edm":
        root = np.sqrt(sigma**2 + data**2)
        return data**2 / root**2, sigma * data / root, 1 / root, np.log(sigma) / 4
    if name == "vp":
        t = (np.sqrt(_BETA_MIN**2 + 2 * _BETA_D * np.log1p(sigma**2)) - _BETA_MIN) / _BETA_D
        return one, -sigma, 1 / np.sqrt(sigma**2 + 1), 999 * t
    if name == "ve":
        return one, sigma, one, np.log(sigma / 2)
    if name == "none":
        return 0 * one, one, one, sigma
    raise Refusal(f"training.preconditioning is {name}: this worker has edm, vp, ve, none")


def target(name: str, sigma: np.ndarray, data: float) -> tuple[np.ndarray, np.ndarray]:
    """The network's target F* = a·y + b·n of an image y with noise σ·n, as a [B] and b [B].

    The loss λ‖D − y‖² is ‖F − F*‖² for each preconditioning with its own weight λ. Formed in this way nothing cancels: D − y in
    float32 would lose a factor of about σ/‖y‖ at small σ.
    """
    if name == "edm":
        root = np.sqrt(sigma**2 + data**2)
        return sigma / (data * root), -data / root
    ones, zeros = np.ones_like(sigma), np.zeros_like(sigma)
    return {"vp": (zeros, ones), "ve": (zeros, -ones), "none": (ones, zeros)}[name]


def levels(name: str, noise: str, fixed: float) -> Optional[tuple[float, float]]:
    """The noise levels that a network is for, from and to; None where there is no bound."""
    if noise == "fixed":
        return fixed, fixed
    if name == "vp":
        ends = variance_preserving(np.array([_FIRST, 1.0]))
        return float(ends[0]), float(ends[1])
    return (0.02, 100.0) if name == "ve" else None


class Noise:
    """The distribution of a training's noise levels, from the keys `training.noise…`."""

    def __init__(self, spec: Any) -> None:
        self.name = spec["training.noise"]
        self._spec = spec
        if self.name not in ("lognormal", "u-squared", "log-uniform", "vp", "fixed"):
            raise Refusal(f"training.noise is {self.name}, which this worker does not have")

    @property
    def is_normal(self) -> bool:
        """Whether levels are made of normal numbers; otherwise of uniform ones on (0, 1)."""
        return self.name == "lognormal"

    def of(self, draws: np.ndarray) -> np.ndarray:
        """σ [B] of draws [B], float64."""
        spec = self._spec
        if self.name == "lognormal":
            return np.exp(spec["training.noise_mean"] + spec["training.noise_std"] * draws)
        if self.name == "u-squared":
            return 2 * draws * draws
        if self.name == "log-uniform":
            low, high = math.log(spec["training.noise_min"]), math.log(spec["training.noise_max"])
            return np.exp(low + (high - low) * draws)
        if self.name == "vp":
            return variance_preserving(_FIRST + (1 - _FIRST) * draws)
        return np.full_like(draws, spec["training.noise_sigma"])


def learning_rate(spec: Any, seen: int) -> float:
    """The optimiser's rate after ``seen`` images: a warm-up that begins with 0, and halvings."""
    rate, warmup = float(spec["training.learning_rate"]), int(spec["training.warmup_images"])
    if warmup > 0:
        rate *= min(seen / warmup, 1)
    halving = int(spec["training.halving_images"])
    return rate * 0.5 ** min(seen // halving, 1000) if halving > 0 else rate


def ema_decay(spec: Any, seen: int) -> float:
    """β of the weights' average for a step after ``seen`` images: its half-life is at most `ema_ramp` of them, and at the first
    step β is 0."""
    life, ramp = float(spec["training.ema_half_life_images"]), float(spec["training.ema_ramp"])
    if ramp > 0:
        life = min(life, ramp * seen)
    return 0.5 ** (int(spec["training.batch"]) / max(life, 1e-8))


def schedule(steps: int, least: float = 0.002, most: float = 80.0, rho: float = 7.0) -> np.ndarray:
    """``steps`` falling noise levels (eq. 5) and 0, [steps + 1]."""
    if steps < 1:
        raise ValueError(f"a schedule of {steps} steps")
    shares = np.arange(steps) / max(steps - 1, 1)
    sigmas = (most ** (1 / rho) + shares * (least ** (1 / rho) - most ** (1 / rho))) ** rho
    sigmas[0] = most
    if steps > 1:
        sigmas[-1] = least
    return np.append(sigmas, 0.0)


def sample(
    denoise: Callable[[np.ndarray, np.ndarray], np.ndarray], latents: np.ndarray, steps: int = 18, method: str = "heun",
    levels: Optional[tuple[float, float]] = None, beat: Callable[[], None] = lambda: None
) -> np.ndarray:
    """Images for latents z ~ N(0, I), [B, C, H, W]: the probability flow from σ_max·z to σ = 0 by ``heun`` or ``euler``
    (algorithm 1), with the state in float64. ``denoise`` is D(x [B, C, H, W] float32, σ [B] float64)."""
    least, most = levels or (0.0, math.inf)
    sigmas = schedule(steps, max(0.002, least), min(80.0, most))

    def slope(state: np.ndarray, sigma: float) -> np.ndarray:
        denoised = denoise(state.astype(np.float32), np.full(len(state), sigma))
        return (state - denoised.astype(np.float64)) / sigma

    x = latents.astype(np.float64) * sigmas[0]
    for here, there in zip(sigmas[:-1].tolist(), sigmas[1:].tolist()):
        beat()
        d = slope(x, here)
        moved = x + (there - here) * d
        if method == "heun" and there > 0:
            moved = x + (there - here) * (0.5 * d + 0.5 * slope(moved, there))
        x = moved
    return x.astype(np.float32)


def latents(seed: int, count: int, shape: tuple[int, int, int]) -> np.ndarray:
    """z ~ N(0, I), [count, C, H, W] of float32; a sample's latent does not depend on how many are drawn."""
    return np.random.Generator(np.random.PCG64(seed)).standard_normal((count, *shape)).astype(np.float32)
