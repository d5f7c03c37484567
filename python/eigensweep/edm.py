"""Networks in PyTorch, trained and sampled as EDM's are (Karras et al. 2022).

A worker names itself, its keys and its network; everything else has defaults:

    class Worker(edm.Worker):
        name, numerics, architectures = "dit", 1, ["dit"]
        keys = [Key("model.patch", int, least=1, most=16, default=4, meaning="edge of a patch in pixels")]

        def network(self, spec):
            return DiT(spec.shape, patch=spec["model.patch"])

    if __name__ == "__main__":
        Worker().main()

A network is called with c_in·x [B, C, H, W] and c_noise [B], and gives F [B, C, H, W].
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import Any, Optional

# cuBLAS gives the same bits only with a workspace of fixed size, which it reads when it starts.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import numpy as np  # noqa: E402
import torch  # noqa: E402

from . import sampling, serving, worker  # noqa: E402
from .failures import Refusal  # noqa: E402
from .keys import Spec  # noqa: E402
from .sampling import latents, sample, schedule  # noqa: E402, F401  (for those who import this module)
from .subsets import BatchOrder  # noqa: E402

#: Which of Eigensweep's keys `Worker` honours.
READS = [
    "dataset.flip", "training.batch", "training.learning_rate", "training.warmup_images", "training.halving_images",
    "training.ema_half_life_images", "training.ema_ramp", "training.preconditioning", "training.sigma_data",
    "training.noise", "training.noise_mean", "training.noise_std", "training.noise_min", "training.noise_max",
    "training.noise_sigma", "training.optimizer", "training.momentum", "training.weight_decay",
]
#: Read by `Worker.optimizer`, and by nobody where a subclass has another.
OF_OPTIMIZER = ["training.optimizer", "training.momentum"]


def device() -> torch.device:
    """A GPU where there is one; agents give every job its own."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def prepare(threads: int) -> None:
    """Asks PyTorch for the same bits from the same computation."""
    torch.set_num_threads(threads)
    _keep_memory()
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    # EDM trains in float32; TF32 has 10 bits of it.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def _keep_memory() -> None:
    """Lets the C library keep what tensors leave for the next ones: else it gives each back and gets it again, page by page, which
    costs small networks a fifth of their time. Where there is no glibc nothing changes."""
    trim, mmap = -1, -3
    try:
        library = ctypes.CDLL(None)
        library.mallopt(mmap, 32 << 20)
        library.mallopt(trim, 128 << 20)
    except (OSError, AttributeError):
        pass


def seed_of(spec: Spec, purpose: str, step: int = 0) -> int:
    """The seed of a purpose's random numbers in a step: a function of the training's seed, its part and the step."""
    index, of = spec.part
    text = f"eigensweep-edm/1;seed={spec.seed};part={index}/{of};{purpose};step={step}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


class Preconditioned:
    """A network F as a denoiser D(x; σ) = c_skip·x + c_out·F(c_in·x; c_noise), differentiable."""

    def __init__(self, network: torch.nn.Module, spec: Spec, device: torch.device) -> None:
        self.network, self.spec, self.device = network, spec, device
        self.name = spec["training.preconditioning"]
        self.data = float(spec["training.sigma_data"])
        sampling.coefficients(self.name, np.ones(1), self.data)  # Refusal of a name that there is not

    def _columns(self, *values: np.ndarray) -> list[torch.Tensor]:
        """Values of images, [B] of float64, as float32 of [B, 1, 1, 1]."""
        return [torch.from_numpy(one.astype(np.float32)).to(self.device).reshape(-1, 1, 1, 1) for one in values]

    def denoise(self, x: torch.Tensor, sigma: np.ndarray) -> torch.Tensor:
        """D(x; σ) of x [B, C, H, W] at σ [B] of float64."""
        skip, out, scale, noise = self._columns(*sampling.coefficients(self.name, sigma, self.data))
        return skip * x + out * self.network(scale * x, noise.reshape(-1))

    def residual(self, clean: torch.Tensor, noise: torch.Tensor, sigma: np.ndarray) -> torch.Tensor:
        """F − F* [B, C, H, W] for images y = ``clean`` with noise σ·n: ‖F − F*‖² is the weighted loss λ‖D(y + σn) − y‖²."""
        _, _, scale, label = self._columns(*sampling.coefficients(self.name, sigma, self.data))
        of_clean, of_noise, level = self._columns(*sampling.target(self.name, sigma, self.data), sigma)
        network = self.network(scale * (clean + level * noise), label.reshape(-1))
        return network - (of_clean * clean + of_noise * noise)

    def denoised(self, residual: torch.Tensor, clean: torch.Tensor, sigma: np.ndarray) -> torch.Tensor:
        """D [B, C, H, W] of a `residual`, without another pass: D − y = c_out·(F − F*)."""
        out, = self._columns(sampling.coefficients(self.name, sigma, self.data)[1])
        return clean + out * residual


class Training(worker.Training):
    """EDM's loop. Batches, noise and dropout are functions of seed and step, so that a training that was interrupted gives the
    bits of one that was not, on one device with one number of threads."""

    def __init__(self, owner: "Worker", spec: Spec, images: np.ndarray, threads: int) -> None:
        prepare(threads)
        self.owner, self.spec, self.device = owner, spec, device()
        torch.manual_seed(seed_of(spec, "initialisation"))
        self.network = owner.network(spec).to(self.device)
        self.model = Preconditioned(self.network, spec, self.device)
        self.parameters = sum(one.numel() for one in self.network.parameters() if one.requires_grad)
        self.optimizer = owner.optimizer(self.network, spec)
        self.average = {name: one.detach().clone() for name, one in self.network.named_parameters()}
        self.images = torch.from_numpy(images).to(self.device)
        self.batch = int(spec["training.batch"])
        self.noise = sampling.Noise(spec)
        self.order = BatchOrder(len(images), spec.seed, spec.part, bool(spec["dataset.flip"]))

    def draw(self, number: int) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
        """Images y and noise n of a step, [B, C, H, W], and noise levels σ [B]."""
        indices, mirrored = self.order.batch(number * self.batch, self.batch)
        clean = self.images[torch.from_numpy(indices).to(self.device)]
        if mirrored.any():
            flip = torch.from_numpy(mirrored).to(self.device).reshape(-1, 1, 1, 1)
            clean = torch.where(flip, clean.flip(3), clean)
        # Drawn on the CPU, so that every device trains on the same numbers.
        source = torch.Generator().manual_seed(seed_of(self.spec, "noise", number))
        draw = torch.randn if self.noise.is_normal else torch.rand
        sigma = self.noise.of(draw(self.batch, dtype=torch.float64, generator=source).numpy())
        noise = torch.randn(clean.shape, generator=source).to(self.device)
        return clean, noise, sigma

    def step(self, number: int) -> float:
        clean, noise, sigma = self.draw(number)
        seen = number * self.batch
        # For dropout and whatever else the network draws.
        torch.manual_seed(seed_of(self.spec, "network", number))
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        buffers = {name: one.clone() for name, one in self.network.named_buffers()}
        loss = self.owner.loss(self.model, clean, noise, sigma)
        value = loss.item()
        if value - value != 0:
            with torch.no_grad():
                for name, one in self.network.named_buffers():
                    one.copy_(buffers[name])
            return value
        loss.backward()
        with torch.no_grad():
            for one in self.network.parameters():
                if one.grad is not None:
                    torch.nan_to_num(one.grad, nan=0, posinf=1e5, neginf=-1e5, out=one.grad)
            rate = sampling.learning_rate(self.spec, seen)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            shrinkage = rate * float(self.spec["training.weight_decay"])
            if shrinkage > 0:
                for one in self.network.parameters():
                    if one.grad is not None:
                        one.mul_(1 - shrinkage)
            self.optimizer.step()
            decay = sampling.ema_decay(self.spec, seen)
            for name, one in self.network.named_parameters():
                self.average[name].mul_(decay).add_(one.detach(), alpha=1 - decay)
        return value

    def weights(self) -> Mapping[str, Any]:
        """The network's `state_dict` with averaged parameters."""
        return {
            name: (self.average[name] if name in self.average else value).detach().cpu().numpy()
            for name, value in self.network.state_dict().items()}

    def state(self) -> Mapping[str, Any]:
        arrays = {f"network/{name}": value.cpu().numpy() for name, value in self.network.state_dict().items()}
        arrays.update({f"average/{name}": value.cpu().numpy() for name, value in self.average.items()})
        for index, values in sorted(self.optimizer.state_dict()["state"].items()):
            for name, value in sorted(values.items()):
                if isinstance(value, torch.Tensor):
                    arrays[f"optimizer/{index}/{name}"] = value.cpu().numpy()
                elif value is not None:
                    raise TypeError(f"the optimizer keeps {name}, a {type(value).__name__}: only tensors can be stored")
        return arrays

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        groups: dict[str, dict[str, torch.Tensor]] = {"network": {}, "average": {}}
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, array in state.items():
            kind, rest = name.split("/", 1)
            if kind == "optimizer":
                index, entry = rest.split("/", 1)
                moments.setdefault(int(index), {})[entry] = torch.from_numpy(array)
            else:
                groups[kind][rest] = torch.from_numpy(array)
        if set(groups["average"]) != set(self.average):
            raise ValueError("its averaged weights are those of another network")
        try:
            self.network.load_state_dict(groups["network"])
        except RuntimeError as error:
            raise ValueError(str(error)) from None
        with torch.no_grad():
            for name, value in self.average.items():
                value.copy_(groups["average"][name])
        known = self.optimizer.state_dict()
        self.optimizer.load_state_dict({"state": moments, "param_groups": known["param_groups"]})


class Denoiser(serving.Denoiser):
    """A trained network as a denoiser of numpy arrays, and of tensors by `tensor`."""

    def __init__(self, network: torch.nn.Module, spec: Spec, batch: int = 64) -> None:
        self.device = device()
        self.network = network.to(self.device).eval().requires_grad_(False)
        self.model = Preconditioned(self.network, spec, self.device)
        self.batch = batch
        self.levels = sampling.levels(
            spec["training.preconditioning"], spec["training.noise"], float(spec["training.noise_sigma"]))

    def tensor(self, x: torch.Tensor, sigma: np.ndarray) -> torch.Tensor:
        """D(x; σ) of tensors on the network's device, differentiable."""
        return self.model.denoise(x, sigma)

    def _on_device(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def denoise(self, x: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return self.tensor(self._on_device(x), sigma).cpu().numpy()

    def __call__(self, x: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """D(x; σ) of any number of images, as `sample` asks for it."""
        return serving.call(self, x, sigma)

    def pullback(self, x: np.ndarray, sigma: np.ndarray, v: np.ndarray) -> np.ndarray:
        inputs = self._on_device(x).requires_grad_(True)
        with _math_attention():
            result, = torch.autograd.grad(self.tensor(inputs, sigma), inputs, self._on_device(v))
        return result.cpu().numpy()

    def pushforward(self, x: np.ndarray, sigma: np.ndarray, v: np.ndarray) -> np.ndarray:
        # Jᵀu is linear in u, and its own pullback by v is Jv: that needs no rule beyond those of training.
        inputs = self._on_device(x).requires_grad_(True)
        with _math_attention():
            outputs = self.tensor(inputs, sigma)
            u = torch.zeros_like(outputs, requires_grad=True)
            pulled, = torch.autograd.grad(outputs, inputs, u, create_graph=True)
            result, = torch.autograd.grad(pulled, u, self._on_device(v))
        return result.cpu().numpy()


@contextlib.contextmanager
def _math_attention() -> Iterator[None]:
    """Attention by plain matrices: the fused kernels have no second derivative."""
    try:
        from torch.nn.attention import SDPBackend, sdpa_kernel
    except ImportError:
        yield
        return
    with sdpa_kernel(SDPBackend.MATH):
        yield


class Worker(worker.Worker):
    """A worker for a network in PyTorch. A subclass must have ``name``, ``architectures`` and `network`."""

    reads = READS
    derivative = True
    images = {"resolution": {"least": 1, "most": 512}, "channels": [1, 3], "float": True}
    #: Images in one call of the network where it denoises.
    batch: int = 64
    #: The loop; a subclass of `Training` takes its place.
    loop: type[Training] = Training

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "optimizer" in vars(cls) and "reads" not in vars(cls):
            cls.reads = [key for key in cls.reads if key not in OF_OPTIMIZER]

    def network(self, spec: Spec) -> torch.nn.Module:
        """A new network of a training: ``network(c_in·x [B, C, H, W], c_noise [B])`` is F [B, C, H, W]. Its weights are drawn
        from PyTorch's random numbers, which were keyed by the training's seed."""
        raise NotImplementedError

    def optimizer(self, network: torch.nn.Module, spec: Spec) -> torch.optim.Optimizer:
        """Its rate is set before every step, from `training.learning_rate` and the keys beside it, and weights decay by
        `training.weight_decay` whichever it is. A subclass with another reads no `training.optimizer`, unless it says so in
        ``reads``."""
        if spec["training.optimizer"] == "sgd":
            return torch.optim.SGD(
                network.parameters(), lr=float(spec["training.learning_rate"]), momentum=float(spec["training.momentum"]))
        return torch.optim.Adam(network.parameters(), lr=float(spec["training.learning_rate"]), betas=(0.9, 0.999), eps=1e-8)

    def loss(self, model: Preconditioned, clean: torch.Tensor, noise: torch.Tensor, sigma: np.ndarray) -> torch.Tensor:
        """The loss of a batch: of images y and noise n [B, C, H, W] at noise levels σ [B]. EDM's: λ‖D(y + σn) − y‖², summed
        over pixels and divided by the batch. ``model.spec`` has the training's keys."""
        return model.residual(clean, noise, sigma).square().sum() / len(clean)

    def start(self, spec: Spec, images: np.ndarray, threads: int) -> Training:
        return self.loop(self, spec, images, threads)

    def denoiser(self, spec: Spec, weights: Mapping[str, np.ndarray], threads: int) -> Denoiser:
        prepare(threads)
        network = self.network(spec)
        try:
            network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
        except RuntimeError as error:
            raise Refusal(f"the checkpoint is that of another network: {error}") from None
        return Denoiser(network, spec, self.batch)

    def kernels(self) -> str:
        where = device()
        name = torch.cuda.get_device_name() if where.type == "cuda" else where.type
        return f"torch {torch.__version__} {name}"
