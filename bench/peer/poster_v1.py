"""POSTER V1 in PyTorch: the peer in benchmarks, and an oracle for tests, as poster_v2.py is for POSTER V2.

Written from the published description; names and shapes of its live tensors are the reference's.

    python bench/peer/poster_v1.py check CASE.safetensors     compare with a golden case
    python bench/peer/poster_v1.py time --threads 2           print milliseconds as JSON
    python bench/peer/poster_v1.py count --size=large         operations and parameters; small (default), base or large
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from poster_v2 import Head, Ir50Unit, MobileFaceNet, Mlp, SeBlock, main


class Ir50(nn.Module):
    """The same as POSTER V2's; its units are one list."""

    def __init__(self):
        super().__init__()
        self.input_layer = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        units, inp = [], 64
        for depth, count in ((64, 3), (128, 4), (256, 14)):
            for i in range(count):
                units.append(Ir50Unit(inp, depth, 2 if i == 0 else 1))
                inp = depth
        self.body = nn.Sequential(*units)

    def forward(self, x):
        return self.body(self.input_layer(F.interpolate(x, size=112)))


class CrossAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.kv, self.proj = heads, nn.Linear(width, 2 * width), nn.Linear(width, width)

    def forward(self, x, query):
        b, n, c = x.shape
        k, v = self.kv(x).reshape(b, n, 2, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q = query.reshape(b, n, self.heads, c // self.heads).transpose(1, 2)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self, width, tokens, rate):
        super().__init__()
        for i in range(1, 5):
            setattr(self, f"norm{i}", nn.LayerNorm(width, eps=1e-6))
        self.attn_img, self.attn_lm = CrossAttention(width, 8), CrossAttention(width, 8)
        self.mlp1, self.mlp2 = Mlp(width, 2 * width), Mlp(width, 2 * width)
        self.conv, self.tokens, self.rate = nn.Conv1d(2 * tokens, 2 * tokens, 1), tokens, rate

    def drop(self, x):
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        return x * x.new_empty(x.shape[0], 1, 1).bernoulli_(keep).div_(keep)

    def forward(self, x):
        image, landmarks = x.split(self.tokens, 1)
        a, b = self.norm1(x).split(self.tokens, 1)
        image = image + self.drop(self.attn_img(a, b))
        image = image + self.drop(self.mlp1(self.norm2(image)))
        a, b = self.norm3(x).split(self.tokens, 1)
        landmarks = landmarks + self.drop(self.attn_lm(b, a))
        landmarks = landmarks + self.drop(self.mlp2(self.norm4(landmarks)))
        return self.conv(torch.cat([image, landmarks], 1))


class Depth(nn.Module):
    def __init__(self, width, tokens, rate):
        super().__init__()
        self.block_l, self.block_m, self.block_s = (Block(width >> i, tokens, rate) for i in range(3))
        self.upsample_m, self.upsample_s = (nn.ConvTranspose1d(2 * tokens, 2 * tokens, 2, 2) for _ in range(2))

    def forward(self, large, medium, small):
        large, medium, small = self.block_l(large), self.block_m(medium), self.block_s(small)
        medium = medium + self.upsample_s(small)
        return large + self.upsample_m(medium), medium, small


class PyramidFuse(nn.Module):
    def __init__(self, depth, width=512, tokens=49):
        super().__init__()
        every = 2 * (1 + tokens)
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + tokens, width))
        self.downsample_m, self.downsample_s = nn.Conv1d(every, every, 2, 2), nn.Conv1d(every, every, 4, 4)
        self.blocks = nn.ModuleList([Depth(width, 1 + tokens, 0.1 * i / (depth - 1)) for i in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, image, landmarks):
        image = torch.cat([image.mean(1, keepdim=True), image], 1) + self.pos_embed
        x = torch.cat([image, landmarks.mean(1, keepdim=True), landmarks], 1)
        levels = x, self.downsample_m(x), self.downsample_s(x)
        for block in self.blocks:
            levels = block(*levels)
        return self.norm(levels[0])[:, 0]


class PosterV1(nn.Module):
    def __init__(self, outputs=7, depth=4):
        super().__init__()
        self.face_landback, self.ir_back = MobileFaceNet(), Ir50()
        for p in self.face_landback.parameters():
            p.requires_grad = False
        self.ir_layer, self.pyramid_fuse = nn.Linear(1024, 512), PyramidFuse(depth)
        self.se_block, self.head = SeBlock(512), Head(512, outputs)

    def forward(self, x):
        landmarks = self.face_landback(x)[2].flatten(2).transpose(1, 2)
        image = self.ir_layer(self.ir_back(x).reshape(x.shape[0], 49, 1024))
        return self.head.linear(self.se_block(self.pyramid_fuse(image, landmarks)))


def loss_of(logits, labels):
    return 2 * F.cross_entropy(logits, labels, label_smoothing=0.2) + F.cross_entropy(logits, labels)


if __name__ == "__main__":
    depth = {"small": 4, "base": 6, "large": 8}
    size = next((a[7:] for a in sys.argv[1:] if a.startswith("--size=")), "small")
    sys.argv = [a for a in sys.argv if not a.startswith("--size=")]
    sys.exit(main(lambda outputs=7: PosterV1(outputs, depth[size]), loss_of))
