#!/usr/bin/env python3
"""Registers, stack (spills and local arrays), static shared memory and blocks a multiprocessor of every CUDA kernel, read from the built
library, against the committed table: a kernel that spills more than it did, or of which a multiprocessor holds fewer blocks, fails.

    scripts/check_kernel_resources.py build/lib/libposter_cuda.so            compares
    scripts/check_kernel_resources.py build/lib/libposter_cuda.so --renew    writes the table

The table is of one architecture and one version of ptxas; with another the comparison is skipped (exit code 77). Dynamic shared memory,
which kernels of attention and sums in layer norm take at the launch, is not in the library: it can lower the blocks further."""

import argparse
import os
import re
import shutil
import struct
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
TABLE = "kernels/cuda/kernel_resources.txt"
ARCHITECTURE = 90  # 90a, where the library has it
# Of a multiprocessor of compute capability 9.0: registers, given out by warps in units of 256; threads; shared memory, 1 KB of it taken by
# each block; blocks.
REGISTERS, REGISTER_UNIT, THREADS, SHARED, SHARED_OF_BLOCK, BLOCKS = 65536, 256, 2048, 228 * 1024, 1024, 32
MAX_THREADS, FRAME_SIZE, REGISTER_COUNT = 0x05, 0x11, 0x2F  # attributes in .nv.info
FATBIN, ELF = 0xBA55ED50, 2
SKIPPED = 77


def tool(name):
    folders = os.pathsep.join([os.environ.get("PATH", ""), *(os.path.join(os.environ.get(v, ""), "bin") for v in ("CUDA_HOME", "CUDA_PATH")),
                               "/usr/local/cuda/bin"])
    found = shutil.which(name, path=folders)
    if not found:
        print(f"check_kernel_resources.py: there is no {name}", file=sys.stderr)
        sys.exit(SKIPPED)
    return found


def run(*command, text=None):
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True).stdout


def blocks_of(registers, shared, threads):
    """How many blocks of a kernel a multiprocessor holds."""
    warps = -(-threads // 32)
    of_warp = -(-registers * 32 // REGISTER_UNIT) * REGISTER_UNIT
    return min(REGISTERS // (of_warp * warps), THREADS // (warps * 32), SHARED // (shared + SHARED_OF_BLOCK), BLOCKS)


def sections(elf):
    """[(name, kind, size, bytes)] of an ELF file's sections."""
    at, = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", elf, at + i * size) for i in range(count)]
    strings = headers[names][4]
    found = []
    for name, kind, _, _, offset, length in headers:
        end = elf.index(b"\0", strings + name)
        found.append((elf[strings + name:end].decode(), kind, length, b"" if kind == 8 else elf[offset:offset + length]))
    return found


def cubins(library):
    """The machine code for ARCHITECTURE in the library's fat binaries, each an ELF file."""
    data = next(data for name, _, _, data in sections(library) if name == ".nv_fatbin")
    at = 0
    while at + 16 <= len(data):
        magic, _, header, size = struct.unpack_from("<IHHQ", data, at)
        if magic != FATBIN:
            at += 8
            continue
        entry, at = at + header, at + header + size
        while entry < at:
            kind, _, header, size = struct.unpack_from("<HHIQ", data, entry)
            code = data[entry + header:entry + header + size]
            if kind == ELF and struct.unpack_from("<I", data, entry + 28)[0] == ARCHITECTURE:
                if code[:4] != b"\x7fELF":
                    sys.exit("check_kernel_resources.py: the machine code is compressed; build without nvcc's --compress-all")
                yield code
            entry += header + size


def attributes(info):
    """(attribute, bytes) of a .nv.info section."""
    at = 0
    while at + 4 <= len(info):
        form, attribute, value = struct.unpack_from("<BBH", info, at)
        at += 4
        if form == 4:  # followed by `value` bytes
            yield attribute, info[at:at + value]
            at += value


def max_threads(info):
    """The block that a kernel was compiled for, from its .nv.info section; None where it doesn't say."""
    for attribute, value in attributes(info):
        if attribute == MAX_THREADS:
            x, y, z = struct.unpack("<III", value)
            return x * y * z
    return None


def kernels_of(cubin):
    """{mangled name: [registers, stack, shared, threads]}"""
    parts = sections(cubin)
    symbols = next(data for name, _, _, data in parts if name == ".symtab")
    strings = next(data for name, _, _, data in parts if name == ".strtab")

    def symbol(number):
        start, = struct.unpack_from("<I", symbols, 24 * number)
        return strings[start:strings.index(b"\0", start)].decode()

    found = {name.removeprefix(".nv.info."): [0, 0, 0, max_threads(data) or 1024] for name, _, _, data in parts if name.startswith(".nv.info.")}
    for name, _, size, data in parts:
        if name.startswith(".nv.shared.") and name.removeprefix(".nv.shared.") in found:
            found[name.removeprefix(".nv.shared.")][2] = max(0, size - SHARED_OF_BLOCK)
        if name != ".nv.info":
            continue
        for attribute, value in attributes(data):
            place = {REGISTER_COUNT: 0, FRAME_SIZE: 1}.get(attribute)
            if place is not None:
                number, count = struct.unpack("<II", value)
                if symbol(number) in found:
                    found[symbol(number)][place] = count
    return found


def short_name(demangled):
    """Without namespaces and what differs from build to build."""
    name = re.sub(r"\(anonymous namespace\)::|_GLOBAL__N__[0-9a-zA-Z_]*::|poster::kernels::|poster::", "", demangled)
    return re.sub(r"^void ", "", re.sub(r"\s+", " ", name))


def read_library(path):
    """{kernel: (registers, stack, shared, threads)}"""
    with open(path, "rb") as file:
        library = file.read()
    found = {}
    for cubin in cubins(library):
        found |= kernels_of(cubin)
    if not found:
        sys.exit(f"check_kernel_resources.py: {path} has no kernels for {ARCHITECTURE}a; build with -DCMAKE_CUDA_ARCHITECTURES=90a")
    kernels = {}
    for name, values in zip(run("c++filt", text="\n".join(found)).splitlines(), found.values()):
        # Of kernels that several files have compiled, the worst.
        before = kernels.setdefault(short_name(name), tuple(values))
        kernels[short_name(name)] = tuple(map(max, before, values))
    return kernels


def ptxas_version():
    return re.search(r"V([\d.]+)", run(tool("ptxas"), "--version")).group(1)


def read_table(text):
    """(version of ptxas, {kernel: (registers, stack, shared, threads, blocks)})"""
    version = re.search(r"^# ptxas ([\d.]+)", text, re.M).group(1)
    rows = [line.split(None, 5) for line in text.splitlines() if line and not line.startswith("#")]
    return version, {row[5]: tuple(map(int, row[:5])) for row in rows}


def write_table(version, kernels):
    lines = [f"# ptxas {version}, compute capability 9.0. Written by scripts/check_kernel_resources.py, which compares with it.",
             "# registers, stack bytes (spills, local arrays), static shared bytes, threads of a block, blocks a multiprocessor, kernel"]
    for name, (registers, stack, shared, threads) in sorted(kernels.items()):
        lines.append(f"{registers:4} {stack:5} {shared:6} {threads:5} {blocks_of(registers, shared, threads):3}  {name}")
    return "\n".join(lines) + "\n"


def compare(table, kernels):
    """(what is worse, what is new)"""
    worse, new = [], []
    for name, (registers, stack, shared, threads) in sorted(kernels.items()):
        blocks = blocks_of(registers, shared, threads)
        if name not in table:
            (worse if stack > 0 else new).append(f"{name}: new, {registers} registers, {blocks} blocks" + (f", spills: {stack} bytes of stack" if stack else ""))
            continue
        old_registers, old_stack, _, _, old_blocks = table[name]
        if stack > old_stack:
            worse.append(f"{name}: {stack} bytes of stack, where it had {old_stack}: it spills")
        if blocks < old_blocks:
            worse.append(f"{name}: {blocks} blocks a multiprocessor, where it had {old_blocks} ({registers} registers, {old_registers} before)")
    return worse, new


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("--renew", action="store_true")
    args = parser.parse_args()
    version, kernels, path = ptxas_version(), read_library(args.library), os.path.join(ROOT, TABLE)
    if args.renew:
        with open(path, "w") as file:
            file.write(write_table(version, kernels))
        print(f"{TABLE}: {len(kernels)} kernels")
        return 0
    with open(path) as file:
        table_version, table = read_table(file.read())
    if version != table_version:
        print(f"check_kernel_resources.py: ptxas is {version}, and {TABLE} is of {table_version}; not compared")
        return SKIPPED
    worse, new = compare(table, kernels)
    for line in new:
        print(line)
    for line in worse:
        print(line, file=sys.stderr)
    if worse:
        print(f"If that is meant: scripts/check_kernel_resources.py {args.library} --renew", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
