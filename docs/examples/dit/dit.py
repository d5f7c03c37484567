#!/usr/bin/env python3
"""A small diffusion transformer (after Peebles & Xie, ICCV 2023) as a worker of Eigensweep, with keys of its own."""
import math

import torch
from eigensweep import Key, Refusal, edm
from torch import nn


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.modulation = nn.Linear(width, 6 * width)  # begins as zero, and with it the block as the identity
        nn.init.zeros_(self.modulation.weight), nn.init.zeros_(self.modulation.bias)

    def forward(self, x, level):  # x [B, tokens, width], level [B, width]
        shift, scale, gate, shift2, scale2, gate2 = self.modulation(level)[:, None].chunk(6, dim=-1)
        h = self.norms[0](x) * (1 + scale) + shift
        q, k, v = self.qkv(h).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        x = x + gate * self.out(nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + gate2 * self.mlp(self.norms[1](x) * (1 + scale2) + shift2)


class DiT(nn.Module):
    def __init__(self, shape: tuple, patch: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        channels, edge, _ = shape
        self.into = nn.Conv2d(channels, width, patch, stride=patch)
        self.places = nn.Parameter(0.02 * torch.randn((edge // patch) ** 2, width))
        self.level = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.out = nn.ConvTranspose2d(width, channels, patch, stride=patch)
        nn.init.zeros_(self.out.weight), nn.init.zeros_(self.out.bias)
        self.register_buffer("frequencies", torch.exp(-math.log(1e3) * torch.arange(width // 2) / (width // 2)), False)

    def forward(self, x, noise):  # c_in·x [B, C, H, W] and c_noise [B]; gives F [B, C, H, W]
        angles = 100 * noise[:, None] * self.frequencies
        level = self.level(torch.cat([angles.sin(), angles.cos()], dim=1))
        h = self.into(x)
        tokens = h.flatten(2).transpose(1, 2) + self.places
        for block in self.blocks:
            tokens = block(tokens, level)
        return self.out(nn.functional.layer_norm(tokens, tokens.shape[-1:]).transpose(1, 2).reshape(h.shape))


class Worker(edm.Worker):
    name, numerics, architectures = "dit", 1, ["dit"]
    keys = [
        Key("model.patch", int, least=1, most=16, default=4, meaning="edge of a patch in pixels"),
        Key("model.width", int, least=8, most=1024, step=2, default=64, meaning="numbers in a token"),
        Key("model.depth", int, least=1, most=48, default=4, meaning="blocks"),
        Key("model.heads", int, least=1, most=16, default=4, meaning="heads of attention in a block"),
    ]

    def network(self, spec):
        patch, width, depth, heads = (spec["model." + name] for name in ("patch", "width", "depth", "heads"))
        if spec.resolution % patch or width % heads:
            raise Refusal("model.patch must divide dataset.resolution, and model.heads model.width")
        return DiT(spec.shape, patch, width, depth, heads)


if __name__ == "__main__":
    Worker().main()
