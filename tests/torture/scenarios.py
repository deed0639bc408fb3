"""Short runs of each program, and the ground that they stand on."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

from harness import Scenario

TINY = "--model poster-v2-tiny --rho 0 -b 4 --workers 1"
STUDY = """{"name": "Short", "description": "One search.", "data": {"few": {"path": "few"}}, "seeds": [1],
"options": {"model": "poster-v2-tiny", "recipe": "plain", "epochs": 2, "batch-size": 4, "rho": 0},
"experiments": {"one": {"data": "few", "search": {"method": "halving", "trials": 2, "eta": 2, "min-epochs": 1, "seed": 1,
"parameters": {"lr": {"log": [1e-4, 1e-3]}}}}}}
"""
# A training's log tells of each resumption, and a best state that is found again becomes its own previous one.
LOGS = ("*log.txt", "*best.previous.safetensors")

SCENARIOS = [
    Scenario("train", f"poster_train --data few {TINY} --threads 1 --epochs 2 --out run --checkpoint_path run/last.pth --tensorboard",
             f"poster_train --data few {TINY} --threads 1 --epochs 2 --out run --checkpoint_path run/last.pth --tensorboard "
             "--resume auto", ("few",), LOGS),
    Scenario("resume", "poster_train --data few --threads 1 --epochs 2 --out trained --resume auto",
             "poster_train --data few --threads 1 --epochs 2 --out trained --resume auto", ("few", "trained"), LOGS, slow=True),
    Scenario("evaluate", "poster_train --data few --evaluate trained/best.safetensors --out scores --threads 1",
             "poster_train --data few --evaluate trained/best.safetensors --out scores --threads 1", ("few", "trained")),
    Scenario("predict", "poster_predict trained/best.safetensors few/test film.avi --annotate drawn --attention maps --threads 1 "
             "--faces none --format csv",
             "poster_predict trained/best.safetensors few/test film.avi --annotate drawn --attention maps --threads 1 "
             "--faces none --format csv",
             ("few", "trained", "film.avi"), anew=("drawn", "maps")),
    Scenario("prepare", "poster_prepare folder --in raw.zip raw --out data --faces none --size 32 --threads 1",
             "poster_prepare folder --in raw.zip raw --out data --faces none --size 32 --threads 1", ("raw", "raw.zip"),
             passes_over="data/left_out.csv"),
    Scenario("study", "poster_study study.json --out study --threads 1", "poster_study study.json --out study --threads 1",
             ("few", "study.json"), LOGS, slow=True),
    Scenario("convert", "poster_checkpoint convert trained/last.safetensors out.pth --module",
             "poster_checkpoint convert trained/last.safetensors out.pth --module --force", ("trained",)),
    Scenario("convert-back", "poster_checkpoint convert new.pth out.safetensors",
             "poster_checkpoint convert new.pth out.safetensors --force", ("new.pth",)),
    Scenario("inspect", "poster_checkpoint inspect trained/last.safetensors", "poster_checkpoint inspect trained/last.safetensors",
             ("trained",)),
    Scenario("inspect-pth", "poster_checkpoint inspect new.pth", "poster_checkpoint inspect new.pth", ("new.pth",)),
    Scenario("report", "poster_report trained --out report.html --data few", "poster_report trained --out report.html --data few",
             ("few", "trained")),
    Scenario("samples", "poster_samples --out drawn --per-class 3 --size 32 --threads 1",
             "poster_samples --out drawn --per-class 3 --size 32 --threads 1 --force", ()),
]
# One step, with and without worker threads: for allocations.
STEP = [Scenario(f"step-{n}", f"poster_train --data few {TINY} --threads {n} --epochs 1 --out run",
                 f"poster_train --data few {TINY} --threads {n} --epochs 1 --out run --resume auto", ("few",), LOGS) for n in (1, 2)]
# Files of more than 100 MB: the full network.
BIG = [
    Scenario("train-big", "poster_train --data few --model poster-v2 --rho 0 -b 4 --workers 0 --epochs 1 --freeze ir50,landmarks --out run",
             "poster_train --data few --model poster-v2 --rho 0 -b 4 --workers 0 --epochs 1 --freeze ir50,landmarks --out run --resume auto", ("few",), LOGS),
    Scenario("convert-big", "poster_checkpoint convert big.safetensors out.pth --force",
             "poster_checkpoint convert big.safetensors out.pth --force", ("big.safetensors", "out.pth")),
    Scenario("convert-big-back", "poster_checkpoint convert big.pth out.safetensors --force",
             "poster_checkpoint convert big.pth out.safetensors --force", ("big.pth", "out.safetensors")),
]


def write_film(path, jpeg, frames):
    """An AVI of equal JPEG images."""
    width, height = jpeg_size(jpeg)

    def chunk(name, data):
        return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    def group(name, *parts):
        return chunk(b"LIST", name + b"".join(parts))

    header = struct.pack("<14I", 100000, 0, 0, 0x10, frames, 0, 1, len(jpeg), width, height, 0, 0, 0, 0)
    stream = b"vidsMJPG" + struct.pack("<10I4H", 0, 0, 0, 1, 10, 0, frames, len(jpeg), 0xFFFFFFFF, 0, 0, 0, width, height)
    form = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0)
    images = b"".join(chunk(b"00dc", jpeg) for _ in range(frames))
    step = 8 + len(jpeg) + len(jpeg) % 2
    index = b"".join(b"00dc" + struct.pack("<3I", 0x10, 4 + i * step, len(jpeg)) for i in range(frames))
    body = (group(b"hdrl", chunk(b"avih", header), group(b"strl", chunk(b"strh", stream), chunk(b"strf", form))) +
            group(b"movi", images) + chunk(b"idx1", index))
    path.write_bytes(chunk(b"RIFF", b"AVI " + body))


def jpeg_size(data):
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    height, width = struct.unpack(">HH", data[at + 5:at + 9])
    return width, height


def make_ground(machine, big):
    """What the scenarios need. The data are a few drawn faces of two classes."""
    ground = machine.ground
    ground.mkdir()

    def run(command):
        words = command.split()
        subprocess.run([machine.programs / words[0], *words[1:]], cwd=ground, check=True, stdout=subprocess.DEVNULL)

    run("poster_samples --out faces --per-class 6 --size 64 --threads 1")
    for split in ("train", "valid", "test"):
        for name in ("anger", "fear"):
            folder = ground / "few" / split / name
            folder.mkdir(parents=True)
            for image in sorted((ground / "faces" / split / name).iterdir())[:2]:
                shutil.copy(image, folder / image.name)
    for name in ("anger", "fear", "sadness"):
        shutil.copytree(ground / "faces/train" / name, ground / "raw" / name)
    shutil.make_archive(str(ground / "raw"), "zip", ground / "faces/test")
    (ground / "study.json").write_text(STUDY)
    write_film(ground / "film.avi", (Path(__file__).parents[1] / "data/images/small.jpg").read_bytes(), 3)
    run(f"poster_train --data few {TINY} --threads 1 --epochs 1 --out trained")
    run("poster_checkpoint convert trained/best.safetensors new.pth")
    if not big:
        return
    run("poster_train --data few --model poster-v2 --rho 0 -b 4 --workers 0 --epochs 1 --out full")
    run("poster_checkpoint convert full/best.safetensors big.pth --module")
    run("poster_checkpoint convert big.pth big.safetensors")
    # The files in the way of the conversions are other ones than those that come.
    run("poster_checkpoint convert full/best.safetensors out.pth")
    run("poster_checkpoint convert full/best.safetensors out.safetensors --half")
    shutil.rmtree(ground / "full")
    for name in ("big.pth", "big.safetensors", "out.pth"):
        if os.path.getsize(ground / name) < 100 << 20:
            raise SystemExit(f"{name} has fewer than 100 MB")
