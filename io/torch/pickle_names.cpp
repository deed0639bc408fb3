#include "io/torch/pickle_names.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace poster::io {
namespace {

// Modules of which nothing belongs into a checkpoint, and all below them. Sorted.
constexpr std::string_view kModules[] = {
    "_aix_support",
    "_ctypes",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "_imp",
    "_io",
    "_operator",
    "_osx_support",
    "_pickle",
    "_posixshmem",
    "_posixsubprocess",
    "_socket",
    "_sqlite3",
    "_ssl",
    "_testcapi",
    "_thread",
    "_winapi",
    "_xxsubinterpreters",
    "aiohttp",
    "antigravity",
    "asyncio",
    "bdb",
    "cPickle",
    "cProfile",
    "cffi",
    "cloudpickle",
    "codecs",
    "codeop",
    "commands",
    "compileall",
    "concurrent",
    "ctypes",
    "dill",
    "distutils",
    "doctest",
    "ensurepip",
    "fcntl",
    "fileinput",
    "ftplib",
    "functools",
    "gc",
    "glob",
    "http",
    "httplib",
    "httpx",
    "idlelib",
    "imaplib",
    "imp",
    "importlib",
    "inspect",
    "io",
    "joblib",
    "lib2to3",
    "linecache",
    "marshal",
    "mmap",
    "msvcrt",
    "multiprocessing",
    "nntplib",
    "nt",
    "ntpath",
    "operator",
    "os",
    "paramiko",
    "pathos",
    "pdb",
    "pexpect",
    "pickle",
    "pickletools",
    "pip",
    "pipes",
    "pkg_resources",
    "pkgutil",
    "platform",
    "popen2",
    "poplib",
    "posix",
    "posixpath",
    "profile",
    "pstats",
    "pty",
    "ptyprocess",
    "py_compile",
    "pydoc",
    "requests",
    "runpy",
    "setuptools",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtpd",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "sysconfig",
    "tarfile",
    "telnetlib",
    "tempfile",
    "threading",
    "timeit",
    "tkinter",
    "trace",
    "turtle",
    "unittest",
    "urllib",
    "urllib2",
    "urllib3",
    "venv",
    "webbrowser",
    "winreg",
    "wsgiref",
    "xmlrpc",
    "zipapp",
    "zipfile",
    "zipimport",
};

// Parts of packages that are harmless otherwise, each with all below it. Sorted.
constexpr std::string_view kParts[] = {
    "code.InteractiveConsole",
    "code.InteractiveInterpreter",
    "code.interact",
    "logging.config",
    "numpy.ctypeslib",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.fromfile",
    "numpy.lib.npyio",
    "numpy.load",
    "numpy.loadtxt",
    "numpy.memmap",
    "numpy.save",
    "numpy.savetxt",
    "numpy.savez",
    "numpy.testing",
    "torch._C._jit",
    "torch._dynamo",
    "torch._inductor",
    "torch.compile",
    "torch.distributed.elastic",
    "torch.distributed.launcher",
    "torch.distributed.rpc",
    "torch.fx",
    "torch.hub",
    "torch.jit",
    "torch.load",
    "torch.multiprocessing",
    "torch.ops",
    "torch.package",
    "torch.save",
    "torch.serialization._legacy_load",
    "torch.serialization._load",
    "torch.serialization.load",
    "torch.storage._load_from_bytes",
    "torch.testing",
    "torch.utils.bottleneck",
    "torch.utils.collect_env",
    "torch.utils.cpp_extension",
    "torch.utils.model_zoo",
    "types.CodeType",
    "types.FunctionType",
    "types.LambdaType",
    "types.MethodType",
    "types.new_class",
};

// Of Python's builtins, what makes plain values. Everything else there is unsafe. Sorted.
constexpr std::string_view kBuiltins[] = {
    "Ellipsis", "NotImplemented", "bool", "bytearray", "bytes", "complex", "dict",
    "float",    "frozenset",      "int",  "list",      "long",  "object",  "range",
    "set",      "slice",          "str",  "tuple",     "type",  "unicode", "xrange",
};

static_assert(std::is_sorted(std::begin(kModules), std::end(kModules)));
static_assert(std::is_sorted(std::begin(kParts), std::end(kParts)));
static_assert(std::is_sorted(std::begin(kBuiltins), std::end(kBuiltins)));

template <std::size_t n>
bool contains(const std::string_view (&sorted)[n], std::string_view name) {
  return std::binary_search(std::begin(sorted), std::end(sorted), name);
}

// Calls f with "a", "a.b", "a.b.c" for "a.b.c" until it is true.
template <typename F>
bool any_prefix(std::string_view name, F&& f) {
  for (std::size_t end = 0; end < name.size();) {
    end = std::min(name.find('.', end + 1), name.size());
    if (f(name.substr(0, end))) return true;
  }
  return false;
}

}  // namespace

bool is_unsafe_name(std::string_view module, std::string_view name) {
  // Data in very many honest files (a norm_layer, hyperparameters); calling what it gives is refused anyway.
  if (module == "functools" && name == "partial") return false;
  const std::string_view root = module.substr(0, module.find('.'));
  if (contains(kModules, root)) return true;
  if (root == "builtins" || root == "__builtin__") return module != root || !contains(kBuiltins, name);
  const std::string full = std::string(module) + "." + std::string(name);
  if (any_prefix(full, [](std::string_view part) { return contains(kParts, part); })) return true;
  // What a dotted name goes through: all its parts but the last one.
  for (std::size_t begin = 0, dot; (dot = name.find('.', begin)) != std::string_view::npos; begin = dot + 1) {
    const std::string_view part = name.substr(begin, dot - begin);
    if (contains(kModules, part) || part == "builtins" || part == "__builtins__" || part == "__globals__")
      return true;
  }
  return false;
}

}  // namespace poster::io
