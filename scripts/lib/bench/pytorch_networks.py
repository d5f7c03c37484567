"""The networks of the benchmark in PyTorch, with the tensor names of the published checkpoints."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def group_norm(channels, eps):
    return nn.GroupNorm(min(32, channels // 4), channels, eps=eps)


class Block(nn.Module):
    """A residual block; `change` is "up", "down" or None."""

    def __init__(self, inputs, outputs, embedding, adm, tent, change=None, attention=False):
        super().__init__()
        eps = 1e-5 if adm else 1e-6
        self.adm, self.tent, self.change = adm, tent, change
        self.factor = 1.0 if adm else math.sqrt(0.5)
        self.norm0 = group_norm(inputs, eps)
        self.conv0 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.affine = nn.Linear(embedding, 2 * outputs if adm else outputs)
        self.norm1 = group_norm(outputs, eps)
        self.conv1 = nn.Conv2d(outputs, outputs, 3, padding=1)
        if inputs != outputs or (change and not adm):
            self.skip = nn.Conv2d(inputs, outputs, 1)
        self.heads = (outputs // 64 if adm else 1) if attention else 0
        if self.heads:
            self.norm2 = group_norm(outputs, eps)
            self.qkv = nn.Conv2d(outputs, 3 * outputs, 1)
            self.proj = nn.Conv2d(outputs, outputs, 1)
        if tent and change:
            taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
            self.register_buffer("filter", (taps[:, None] * taps / 64)[None, None], persistent=False)

    def resample(self, x):
        if self.change is None:
            return x
        channels = x.shape[1]
        if self.tent and self.change == "down":
            return F.conv2d(x, self.filter.expand(channels, 1, 4, 4), stride=2, padding=1, groups=channels)
        if self.tent:
            return F.conv_transpose2d(x, 4 * self.filter.expand(channels, 1, 4, 4), stride=2, padding=1, groups=channels)
        return F.avg_pool2d(x, 2) if self.change == "down" else F.interpolate(x, scale_factor=2, mode="nearest")

    def forward(self, x, embedding):
        h = self.conv0(self.resample(F.silu(self.norm0(x))))
        p = self.affine(embedding)[:, :, None, None]
        if self.adm:
            scale, shift = p.chunk(2, dim=1)
            h = F.silu(torch.addcmul(shift, self.norm1(h), scale + 1))
        else:
            h = F.silu(self.norm1(h + p))
        x = self.resample(x)
        h = (self.conv1(h) + (self.skip(x) if hasattr(self, "skip") else x)) * self.factor
        if not self.heads:
            return h
        batch, channels, height, width = h.shape
        qkv = self.qkv(self.norm2(h)).reshape(batch, self.heads, channels // self.heads, 3, height * width)
        q, k, v = (t.transpose(-1, -2) for t in qkv.unbind(3))
        found = F.scaled_dot_product_attention(q, k, v).transpose(-1, -2).reshape(h.shape)
        return (h + self.proj(found)) * self.factor


class UNet(nn.Module):
    """ddpmpp, ncsnpp or adm."""

    def __init__(self, kind, scale, resolution, channels, multipliers, blocks, attention):
        super().__init__()
        adm, tent = kind == "adm", kind == "ncsnpp"
        self.kind, self.scale = kind, scale
        waves, width = (2 * scale if tent else scale), 4 * scale
        if tent:
            self.register_buffer("freqs", 16 * torch.randn(scale), persistent=False)
        else:
            half = scale // 2
            steps = torch.arange(half, dtype=torch.float64) / (half if adm else half - 1)
            self.register_buffer("freqs", (10000.0**-steps).float(), persistent=False)
        self.map_layer0, self.map_layer1 = nn.Linear(waves, width), nn.Linear(width, width)

        def block(inputs, outputs, change=None, attend=False):
            attend = attend and not (adm and outputs < 64)
            return Block(inputs, outputs, width, adm, tent, change, attend)

        self.enc, self.dec = nn.ModuleDict(), nn.ModuleDict()
        current = scale * multipliers[0] if adm else scale
        self.enc[f"{resolution}x{resolution}_conv"] = nn.Conv2d(channels, current, 3, padding=1)
        skips, aux = [current], channels
        for level, multiplier in enumerate(multipliers):
            side = resolution >> level
            if level > 0:
                self.enc[f"{side}x{side}_down"] = block(current, current, "down")
                if tent:
                    self.enc[f"{side}x{side}_aux_residual"] = nn.Conv2d(aux, current, 3, padding=2)
                    aux = current
                skips.append(current)
            for number in range(blocks):
                self.enc[f"{side}x{side}_block{number}"] = block(
                    current, scale * multiplier, attend=side in attention)
                current = scale * multiplier
                skips.append(current)
        for level in reversed(range(len(multipliers))):
            side = resolution >> level
            if level == len(multipliers) - 1:
                self.dec[f"{side}x{side}_in0"] = block(current, current, attend=True)
                self.dec[f"{side}x{side}_in1"] = block(current, current)
            else:
                self.dec[f"{side}x{side}_up"] = block(current, current, "up")
            for number in range(blocks + 1):
                attend = side in attention and (adm or number == blocks)
                inputs, current = current + skips.pop(), scale * multipliers[level]
                self.dec[f"{side}x{side}_block{number}"] = block(inputs, current, attend=attend)
        output = nn.Conv2d(current, channels, 3, padding=1)
        if adm:
            self.out_norm, self.out_conv = group_norm(current, 1e-5), output
        else:
            self.dec[f"{resolution}x{resolution}_aux_norm"] = group_norm(current, 1e-6)
            self.dec[f"{resolution}x{resolution}_aux_conv"] = output
        for name, parameter in self.named_parameters():
            last = any(part in name for part in ("conv1", "proj", "aux_conv", "out_conv"))
            if "norm" in name or (adm and not last):
                continue
            if adm or parameter.ndim == 1:
                nn.init.zeros_(parameter)
            else:
                nn.init.xavier_uniform_(parameter, gain=1e-5 if last else math.sqrt(0.2) if "qkv" in name else 1)
        if tent:
            taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
            self.register_buffer("filter", (taps[:, None] * taps / 64)[None, None], persistent=False)

    def embed(self, noise):
        angle = noise[:, None] * self.freqs * (2 * math.pi if self.kind == "ncsnpp" else 1)
        waves = [angle.cos(), angle.sin()] if self.kind == "adm" else [angle.sin(), angle.cos()]
        h = F.silu(self.map_layer0(torch.cat(waves, dim=1)))
        return F.silu(self.map_layer1(h))

    def forward(self, x, noise):
        embedding = self.embed(noise)
        skips, aux = [], x
        for name, layer in self.enc.items():
            if name.endswith("aux_residual"):
                h = layer(aux)
                channels = h.shape[1]
                h = F.conv2d(h, self.filter.expand(channels, 1, 4, 4), stride=2, groups=channels)
                x = aux = skips[-1] = (skips[-1] + h) * math.sqrt(0.5)
                continue
            x = layer(x, embedding) if isinstance(layer, Block) else layer(x)
            skips.append(x)
        for name, layer in self.dec.items():
            if not isinstance(layer, Block):
                x = F.silu(layer(x)) if name.endswith("norm") else layer(x)
                continue
            if layer.norm0.num_channels != x.shape[1]:
                x = torch.cat([x, skips.pop()], dim=1)
            x = layer(x, embedding)
        return self.out_conv(F.silu(self.out_norm(x))) if self.kind == "adm" else x


class Scaling(nn.Module):
    """The bias-free normalisation: the deviation is taken out, the mean is not."""

    def __init__(self, channels):
        super().__init__()
        self.gammas = nn.Parameter(torch.randn(1, channels, 1, 1) * (2 / 576))
        self.register_buffer("running_sd", torch.ones(1, channels, 1, 1))

    def forward(self, x):
        sd = self.running_sd
        if self.training:
            sd = torch.sqrt(x.var(dim=(0, 2, 3), keepdim=True, unbiased=False) + 1e-5)
            with torch.no_grad():
                self.running_sd.mul_(0.9).add_(0.1 * sd)
        return x * (self.gammas / sd)


class BiasFreeUNet(nn.Module):
    def __init__(self, kernels, channels, blocks):
        super().__init__()

        def convolution(inputs, outputs):
            return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)

        def pair(inputs, outputs):
            layers = [convolution(inputs, outputs), Scaling(outputs), nn.ReLU()]
            return nn.Sequential(*layers, convolution(outputs, outputs), Scaling(outputs), nn.ReLU())

        self.encoder = nn.ModuleList(
            [nn.Sequential(
                convolution(channels, kernels), nn.ReLU(), convolution(kernels, kernels), Scaling(kernels), nn.ReLU())]
            + [pair(kernels << (b - 1), kernels << b) for b in range(1, blocks)])
        self.mid_block = pair(kernels << (blocks - 1), kernels << blocks)
        self.upsample = nn.ModuleList(
            [nn.ConvTranspose2d(kernels << (b + 1), kernels << b, 2, stride=2, bias=False) for b in range(blocks)])
        self.decoder = nn.ModuleList(
            [nn.Sequential(
                convolution(2 * kernels, kernels), Scaling(kernels), nn.ReLU(), convolution(kernels, channels))]
            + [pair(2 * kernels << b, kernels << b) for b in range(1, blocks)])

    def forward(self, x, noise):
        kept = []
        for part in self.encoder:
            x = part(F.avg_pool2d(x, 2) if kept else x)
            kept.append(x)
        x = self.mid_block(F.avg_pool2d(x, 2))
        for b in reversed(range(len(self.decoder))):
            x = self.decoder[b](torch.cat([self.upsample[b](x), kept[b]], dim=1))
        return x


def build(name, scale):
    """The network that the benchmark's table calls `name`, and its images' channels and side."""
    if name == "bias-free-unet 40x40x1":
        return BiasFreeUNet(scale, 1, 3), 1, 40
    if name == "ddpmpp 16x16x1":
        return UNet("ddpmpp", scale, 16, 1, [2, 2], 2, [8]), 1, 16
    if name == "ddpmpp 64x64x3":
        return UNet("ddpmpp", scale, 64, 3, [1, 2, 2, 2], 4, [16]), 3, 64
    kind = name.split()[0]
    return UNet(kind, scale, 32, 3, [2, 2, 2], 4, [16]), 3, 32
