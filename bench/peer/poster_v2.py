"""POSTER V2 in PyTorch: the peer in benchmarks, and an oracle for tests.

Written from the published description; names and shapes of its live tensors are the reference's, so a golden case fills it
by name. Computes what the reference computes, without its dead branches.

    python bench/peer/poster_v2.py check CASE.safetensors     compare with a golden case
    python bench/peer/poster_v2.py time --threads 2           print milliseconds as JSON
    python bench/peer/benchmark.py                            on a GPU: eager, compiled, with CUDA graphs
"""

import argparse
import json
import resource
import struct
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

# ---------------------------------------------------------------------------------------------- IR50


class Ir50Unit(nn.Module):
    def __init__(self, inp, depth, stride):
        super().__init__()
        if inp == depth:
            self.shortcut_layer = nn.MaxPool2d(1, stride)
        else:
            self.shortcut_layer = nn.Sequential(nn.Conv2d(inp, depth, 1, stride, bias=False), nn.BatchNorm2d(depth))
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(inp),
            nn.Conv2d(inp, depth, 3, 1, 1, bias=False),
            nn.PReLU(depth),
            nn.Conv2d(depth, depth, 3, stride, 1, bias=False),
            nn.BatchNorm2d(depth),
        )

    def forward(self, x):
        return self.res_layer(x) + self.shortcut_layer(x)


def body(inp, depth, units):
    return nn.Sequential(*[Ir50Unit(inp if i == 0 else depth, depth, 2 if i == 0 else 1) for i in range(units)])


class Ir50(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_layer = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        self.body1, self.body2, self.body3 = body(64, 64, 3), body(64, 128, 4), body(128, 256, 14)

    def forward(self, x):
        x1 = self.body1(self.input_layer(F.interpolate(x, size=112)))
        x2 = self.body2(x1)
        return x1, x2, self.body3(x2)


# --------------------------------------------------------------------------------------- MobileFaceNet


class ConvBlock(nn.Module):
    def __init__(self, inp, out, k=1, s=1, p=0, groups=1, linear=False):
        super().__init__()
        self.conv = nn.Conv2d(inp, out, k, s, p, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out)
        if not linear:
            self.prelu = nn.PReLU(out)

    def forward(self, x):
        x = self.bn(self.conv(x))
        return self.prelu(x) if hasattr(self, "prelu") else x


class DepthWise(nn.Module):
    def __init__(self, inp, out, groups, s=1, residual=False):
        super().__init__()
        self.conv = ConvBlock(inp, groups)
        self.conv_dw = ConvBlock(groups, groups, 3, s, 1, groups)
        self.project = ConvBlock(groups, out, linear=True)
        self.residual = residual

    def forward(self, x):
        y = self.project(self.conv_dw(self.conv(x)))
        return x + y if self.residual else y


class Residual(nn.Module):
    def __init__(self, width, blocks, groups):
        super().__init__()
        self.model = nn.Sequential(*[DepthWise(width, width, groups, residual=True) for _ in range(blocks)])

    def forward(self, x):
        return self.model(x)


class MobileFaceNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2_dw = ConvBlock(3, 64, 3, 2, 1), ConvBlock(64, 64, 3, 1, 1, 64)
        self.conv_23, self.conv_3 = DepthWise(64, 64, 128, 2), Residual(64, 4, 128)
        self.conv_34, self.conv_4 = DepthWise(64, 128, 256, 2), Residual(128, 6, 256)
        self.conv_45, self.conv_5 = DepthWise(128, 128, 512, 2), Residual(128, 2, 256)
        self.conv_6_sep = ConvBlock(128, 512)

    def forward(self, x):
        face1 = self.conv_3(self.conv_23(self.conv2_dw(self.conv1(F.interpolate(x, size=112)))))
        face2 = self.conv_4(self.conv_34(face1))
        return face1, face2, self.conv_6_sep(self.conv_5(self.conv_45(face2)))


# -------------------------------------------------------------------------------------- Cross-attention


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


def relative_position_index(w):
    at = torch.stack(torch.meshgrid(torch.arange(w), torch.arange(w), indexing="ij")).flatten(1)
    delta = at[:, :, None] - at[:, None, :] + w - 1
    return delta[0] * (2 * w - 1) + delta[1]


class WindowAttention(nn.Module):
    def __init__(self, width, heads, window):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.register_buffer("relative_position_index", relative_position_index(window))
        self.qkv, self.proj = nn.Linear(width, 2 * width), nn.Linear(width, width)

    def forward(self, x, query):
        b, n, c = x.shape
        k, v = self.qkv(x).reshape(b, n, 2, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q = query.reshape(b, n, self.heads, c // self.heads).transpose(1, 2)
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        scores = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1) + bias
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c))


class Window(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)


class FeedForward(nn.Module):
    def __init__(self, width, drop_path):
        super().__init__()
        self.gamma1, self.gamma2 = nn.Parameter(1e-5 * torch.ones(width)), nn.Parameter(1e-5 * torch.ones(width))
        self.mlp, self.norm, self.rate = Mlp(width, 4 * width), nn.LayerNorm(width), drop_path

    def drop(self, x):
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        return x * x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(keep).div_(keep)

    def forward(self, attended, shortcut):
        x = shortcut + self.drop(self.gamma1 * attended)
        return x + self.drop(self.gamma2 * self.mlp(self.norm(x)))


# ---------------------------------------------------------------------------------------------- ViT


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class SeBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return x * torch.sigmoid(self.linear2(F.relu(self.linear1(x))))


class Head(nn.Module):
    def __init__(self, width, outputs):
        super().__init__()
        self.linear = nn.Linear(width, outputs)


class Vit(nn.Module):
    def __init__(self, outputs, width=768):
        super().__init__()
        self.cls_token, self.pos_embed = nn.Parameter(torch.zeros(1, 1, width)), nn.Parameter(torch.zeros(1, 148, width))
        self.se_block, self.head = SeBlock(width), Head(width, outputs)
        self.blocks = nn.Sequential(*[Block(width, 8, 4 * width) for _ in range(2)])
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, tokens):
        x = torch.cat([self.cls_token.expand(tokens.shape[0], -1, -1), tokens], 1) + self.pos_embed
        return self.head.linear(self.se_block(self.norm(self.blocks(x))[:, 0]))


class PosterV2(nn.Module):
    def __init__(self, outputs=7):
        super().__init__()
        self.face_landback = MobileFaceNet()
        for p in self.face_landback.parameters():
            p.requires_grad = False
        self.VIT, self.ir_back = Vit(outputs), Ir50()
        for i, (width, heads, window, rate) in enumerate(
            [(64, 2, 28, 0.0), (128, 4, 14, 0.125), (256, 8, 7, 0.25)], 1
        ):
            setattr(self, f"attn{i}", WindowAttention(width, heads, window))
            setattr(self, f"window{i}", Window(width))
            setattr(self, f"conv{i}", nn.Conv2d(width, width, 3, 2, 1))
            setattr(self, f"ffn{i}", FeedForward(width, rate))
        self.last_face_conv = nn.Conv2d(512, 256, 3, 1, 1)
        self.embed_q = nn.Sequential(nn.Conv2d(64, 768, 3, 2, 1), nn.Conv2d(768, 768, 3, 2, 1))
        self.embed_k = nn.Sequential(nn.Conv2d(128, 768, 3, 2, 1))
        self.embed_v = nn.Module()
        self.embed_v.proj = nn.Conv2d(256, 768, 1)

    def level(self, i, image, face):
        x = getattr(self, f"conv{i}")(image).permute(0, 2, 3, 1)
        shortcut = getattr(self, f"window{i}").norm(x)
        b, h, w, c = shortcut.shape
        attended = getattr(self, f"attn{i}")(shortcut.reshape(b, h * w, c), face.permute(0, 2, 3, 1))
        return getattr(self, f"ffn{i}")(attended.reshape(b, h, w, c), shortcut).permute(0, 3, 1, 2)

    def forward(self, x):
        faces = list(self.face_landback(x))
        faces[2] = self.last_face_conv(faces[2])
        levels = [self.level(i + 1, m, f) for i, (m, f) in enumerate(zip(self.ir_back(x), faces))]
        tokens = [self.embed_q(levels[0]), self.embed_k(levels[1]), self.embed_v.proj(levels[2])]
        return self.VIT(torch.cat([t.flatten(2).transpose(1, 2) for t in tokens], 1))


# ----------------------------------------------------------------------------------------- SAM and checks


class Sam:
    """Foret et al., 2021, around a base optimizer; rho 0.05."""

    def __init__(self, parameters, base, rho=0.05):
        self.parameters, self.base, self.rho = [p for p in parameters if p.requires_grad], base, rho

    @torch.no_grad()
    def ascend(self):
        norm = torch.stack([p.grad.norm() for p in self.parameters]).norm()
        self.saved = [p.clone() for p in self.parameters]
        for p in self.parameters:
            p.add_(p.grad * (self.rho / (norm + 1e-12)))

    @torch.no_grad()
    def update(self):
        for p, w in zip(self.parameters, self.saved):
            p.copy_(w)
        self.base.step()


def sam_step(model, sam, images, labels, loss_of=F.cross_entropy):
    losses = []
    for second in (False, True):
        model.zero_grad(set_to_none=True)
        loss = loss_of(model(images), labels)
        loss.backward()
        losses.append(loss.item())
        sam.update() if second else sam.ascend()
    return losses


def read_safetensors(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + n])
    types = {"F64": torch.float64, "F32": torch.float32, "I64": torch.int64}
    tensors = {}
    for name, t in header.items():
        if name != "__metadata__":
            begin, end = (8 + n + o for o in t["data_offsets"])
            raw = torch.frombuffer(bytearray(data[begin:end]), dtype=types[t["dtype"]])
            tensors[name] = raw.reshape(t["shape"])
    return header["__metadata__"], tensors


def golden_values(seed, name, shape, mean, scale):
    import numpy

    h = 0xCBF29CE484222325
    for c in f"{seed}/{name}".encode():
        h = ((h ^ c) * 0x100000001B3) % 2**64
    count = 1
    for d in shape:
        count *= d
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(h) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    v = (z >> numpy.uint64(40)).astype(numpy.float64) * 2.0**-23 - 1
    return torch.from_numpy((mean + scale * v).astype(numpy.float32)).reshape(shape)


def check(path, build, loss_of):
    """The largest errors of logits and first SAM losses against a golden case, in double."""
    meta, golden = read_safetensors(path)
    manifest = json.load(open(path.replace(".safetensors", ".manifest.json")))
    model = build(int(meta["outputs"])).double()
    state, filled = model.state_dict(), 0
    for t in manifest["tensors"]:
        if t["name"] in state and t["mean"] is not None:
            state[t["name"]] = golden_values(meta["seed"], t["name"], t["shape"], t["mean"], t["scale"]).double()
            filled += 1
    model.load_state_dict(state)
    images = golden_values(meta["seed"], "input", (int(meta["batch"]), 3, 224, 224), 0, 2).double()
    model.eval()
    with torch.no_grad():
        logits = model(images)
    errors = {"logits": ((logits - golden["eval.logits"]).abs().max() / golden["eval.logits"].abs().max()).item()}
    model.train()
    for module in model.modules():
        if hasattr(module, "rate"):
            module.rate = 0  # the cases' SAM steps are without drop path
    base = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[meta["optimizer"]]
    sam = Sam(model.parameters(), base(model.parameters(), lr=float(meta["lr"]), weight_decay=float(meta["weight_decay"])))
    losses = torch.tensor([sam_step(model, sam, images, golden["labels"], loss_of) for _ in range(int(meta["steps"]))]).double()
    errors["SAM losses"] = ((losses - golden["sam.losses"]).abs().max() / golden["sam.losses"].abs().max()).item()
    print(f"{path}: {filled} tensors filled; " + ", ".join(f"{k} {v:.1e}" for k, v in errors.items()))
    return max(errors.values()) < 1e-6


def median_ms(run, repeats):
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return sorted(times)[len(times) // 2]


def gigaflop(build):
    """Floating-point operations of one image's forward pass, in 1e9: of convolutions, products and attention."""
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        build().eval()(torch.randn(1, 3, 224, 224))
    return counter.get_total_flops() / 1e9


def measure(case, repeats, channels_last, build, loss_of):
    """Milliseconds of one case: "inference N" or "sam N"."""
    kind, batch = case.split()
    batch = int(batch)
    model = build()
    images, labels = torch.randn(batch, 3, 224, 224), torch.arange(batch) % 7
    if channels_last:
        model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    if kind == "inference":
        model.eval()
        with torch.inference_mode():
            return median_ms(lambda: model(images), repeats)
    model.train()
    sam = Sam(model.parameters(), torch.optim.Adam(model.parameters(), lr=3.5e-5))
    return median_ms(lambda: sam_step(model, sam, images, labels, loss_of), repeats)


def main(build=PosterV2, loss_of=F.cross_entropy):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["check", "time", "count"])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--case", default="inference 1", help='"inference N" or "sam N"')
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--channels-last", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.action == "check":
        return 0 if all([check(f, build, loss_of) for f in args.files]) else 1
    if args.action == "count":
        print(json.dumps({"gflop": gigaflop(build), "live_parameters": sum(p.numel() for p in build().parameters())}))
        return 0
    ms = measure(args.case, args.repeats, args.channels_last, build, loss_of)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"torch": torch.__version__, "case": args.case, "ms": ms, "peak_mib": peak}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
