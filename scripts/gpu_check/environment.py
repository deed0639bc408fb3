"""What the machine is and has."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys


def output(command):
    """Standard output of a command, or None when it can't be run or fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def gpu():
    """The first GPU, or None."""
    keys = ["name", "driver_version", "compute_cap", "memory.total", "clocks.max.sm", "clocks.max.memory", "power.limit"]
    text = output(["nvidia-smi", "--query-gpu=" + ",".join(keys), "--format=csv,noheader"])
    if not text:
        return None
    return dict(zip(keys, (value.strip() for value in text.splitlines()[0].split(","))))


def find_tool(name):
    """A tool of the CUDA toolkit, or None."""
    places = [os.environ.get(v, "") for v in ("CUDA_HOME", "CUDA_PATH")] + ["/usr/local/cuda"]
    folders = os.pathsep.join([os.environ.get("PATH", "")] + [os.path.join(p, sub) for p in places if p for sub in ("bin", name)])
    return shutil.which(name, path=folders)


def python_packages():
    """Versions of PyTorch and of the libraries inside its packages, or None."""
    text = output([sys.executable, "-c", "import json, torch; print(json.dumps({'torch': torch.__version__, 'cuda': torch.version.cuda, "
                                         "'cudnn': torch.backends.cudnn.version()}))"])
    return json.loads(text.splitlines()[-1]) if text else None


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return re.search(r"model name\s*:\s*(.*)", file.read()).group(1)
    except (OSError, AttributeError):
        return platform.processor()


def versions():
    nvcc = output([find_tool("nvcc") or "nvcc", "--version"]) or ""
    release = re.search(r"release [\d.]+, V([\d.]+)", nvcc)
    return {
        "nvcc": release.group(1) if release else None,
        "compiler": (output(["c++", "--version"]) or "").split("\n")[0] or None,
        "cmake": (output(["cmake", "--version"]) or "").split("\n")[0] or None,
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def commit(bundle):
    """Of the working tree, else of the tree that the bundle was made in; None when neither is known."""
    name = output(["git", "describe", "--always", "--dirty"])
    if not name and os.path.exists(os.path.join(bundle, "commit")):
        with open(os.path.join(bundle, "commit")) as file:
            name = file.read().strip()
    return name or None
