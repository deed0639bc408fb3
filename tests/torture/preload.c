// Loaded into a program by LD_PRELOAD: counts its calls of a kind, and at a chosen one lets the call fail, cuts it short, cuts the mapped
// file, or kills the program. run.py drives it through the environment:
//   TORTURE_KINDS  what counts: "open,write,fsync", or "alloc"
//   TORTURE_UNDER  a folder: calls that touch no file below it don't count
//   TORTURE_AT     the number of the call that is struck, from 1; 0: none
//   TORTURE_SITE   of allocations, count those of this site alone (a hash of the innermost frames of the stack)
//   TORTURE_DO     error, short (half is written, and what comes then fails), kill-before, kill-half, kill-after, cut (a file that is mapped)
//   TORTURE_ERRNO  the error's number
//   TORTURE_STICK  set: all calls after the chosen one fail, too
//   TORTURE_LOG    a file that gets a line for each call ("write PATH"), each site ("site HASH COUNT"), and the one struck ("struck KIND PATH")
//   TORTURE_TRACE  set: also the stack of the allocation that was struck, and of a signal that ends the program
//   TORTURE_NOW    a file that holds, while a call runs, "KIND PATH": what a kill from outside fell into
// Nothing counts before main and after it.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kNowSize = 4096, kSites = 1 << 16, kFrames = 5, kModules = 512, kLogDescriptor = 900 };
enum action { act_none, act_error, act_short, act_kill_before, act_kill_half, act_kill_after, act_cut };

static struct {
  char kinds[256], under[PATH_MAX], folder[PATH_MAX];
  size_t under_size;
  long at;
  uint64_t site;
  enum action action;
  int error, stick, allocations;
} plan;
static atomic_int active;
static atomic_long count;
static char* now;
static int log_file = -1;
static __thread int inside __attribute__((tls_model("initial-exec")));

static struct { _Atomic uint64_t hash; atomic_long count; } sites[kSites];
static struct { uintptr_t begin, end; } modules[kModules];
static int module_count;

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void*, size_t), *__libc_memalign(size_t, size_t);

static void text_from(char* to, size_t size, const char* name) {
  const char* value = getenv(name);
  if (value) strncpy(to, value, size - 1);
}

static void say(const char* kind, const char* what, const char* path) {
  if (log_file < 0) return;
  char line[PATH_MAX + 64];
  const int size = snprintf(line, sizeof line, "%s%s %s\n", kind, what, path);
  if (syscall(SYS_write, log_file, line, (size_t)size) != size) abort();
}

static void die(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

// Whether the kind is asked for and the path lies below the folder.
static int counts(const char* kind, const char* path) {
  if (!atomic_load(&active) || plan.allocations) return 0;
  const char* at = strstr(plan.kinds, kind);
  const size_t size = strlen(kind);
  if (!at || (at != plan.kinds && at[-1] != ',') || (at[size] != ',' && at[size] != 0)) return 0;
  return path && strncmp(path, plan.under, plan.under_size) == 0;
}

static enum action next_call(void) {
  const long number = atomic_fetch_add(&count, 1) + 1;
  if (plan.at == 0 || number < plan.at || (number > plan.at && !plan.stick)) return act_none;
  return number == plan.at || plan.action != act_short ? plan.action : act_error;
}

// What is to be done with this call. Its caller ends it by leave().
static enum action enter(const char* kind, const char* path) {
  if (!counts(kind, path)) return act_none;
  if (now) snprintf(now, kNowSize, "%s %s", kind, path);
  const enum action action = next_call();
  say(action ? "struck " : "", kind, path);
  if (action == act_kill_before) die();
  return action;
}

static void leave(enum action action) {
  if (action == act_kill_half || action == act_kill_after) die();
  if (now) now[0] = 0;
}

static const char* absolute(const char* path, char* buffer) {
  if (!path || path[0] == '/') return path;
  while (path[0] == '.' && path[1] == '/') path += 2;
  snprintf(buffer, PATH_MAX, "%.2000s/%.2000s", plan.folder, path);
  return buffer;
}

static const char* path_at(int folder, const char* path, char* buffer) {
  if (!path || path[0] == '/' || folder == AT_FDCWD) return absolute(path, buffer);
  char link[64], whole[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  const ssize_t size = readlink(link, whole, sizeof whole - 1);
  if (size < 0) return NULL;
  whole[size] = 0;
  snprintf(buffer, PATH_MAX, "%.2000s/%.2000s", whole, path);
  return buffer;
}

static const char* path_of(int file, char* buffer) {
  if (!atomic_load(&active) || plan.allocations || file < 3) return NULL;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, buffer, PATH_MAX - 1);
  if (size < 0) return NULL;
  buffer[size] = 0;
  return buffer;
}

#define REAL(result, name, ...)                                        \
  static result (*real)(__VA_ARGS__);                                  \
  if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)
// A call that fails or is made, as asked.
#define GUARDED(kind, path, failed, call)                              \
  char buffer[PATH_MAX];                                               \
  const int before = errno;                                            \
  const enum action action = enter(kind, path);                        \
  if (action == act_error || action == act_short) {                    \
    leave(action);                                                     \
    errno = plan.error;                                                \
    return failed;                                                     \
  }                                                                    \
  errno = before;                                                      \
  const __auto_type result = call;                                     \
  leave(action);                                                       \
  return result

// Writes. "half" writes half of the bytes, at least one.
#define WRITING(path, size, whole, half)                               \
  char buffer[PATH_MAX];                                               \
  const int before = errno;                                            \
  const enum action action = enter("write", path);                     \
  if (action == act_error) {                                           \
    leave(action);                                                     \
    errno = plan.error;                                                \
    return -1;                                                         \
  }                                                                    \
  errno = before;                                                      \
  const int cut = (action == act_short || action == act_kill_half) && (size) > 1; \
  const ssize_t result = cut ? half : whole;                           \
  leave(action);                                                       \
  return result

ssize_t write(int file, const void* data, size_t size) {
  REAL(ssize_t, write, int, const void*, size_t);
  WRITING(path_of(file, buffer), size, real(file, data, size), real(file, data, size / 2));
}
ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
  REAL(ssize_t, pwrite, int, const void*, size_t, off_t);
  WRITING(path_of(file, buffer), size, real(file, data, size, at), real(file, data, size / 2, at));
}
ssize_t pwrite64(int file, const void* data, size_t size, off_t at) { return pwrite(file, data, size, at); }
ssize_t writev(int file, const struct iovec* parts, int number) {
  REAL(ssize_t, writev, int, const struct iovec*, int);
  const struct iovec* first = parts;
  while (first < parts + number - 1 && first->iov_len == 0) ++first;
  WRITING(path_of(file, buffer), first->iov_len, real(file, parts, number),
          syscall(SYS_write, file, first->iov_base, first->iov_len / 2));
}
ssize_t sendfile(int to, int from, off_t* at, size_t size) {
  REAL(ssize_t, sendfile, int, int, off_t*, size_t);
  WRITING(path_of(to, buffer), size, real(to, from, at, size), real(to, from, at, size / 2));
}
ssize_t copy_file_range(int from, off_t* a, int to, off_t* b, size_t size, unsigned flags) {
  REAL(ssize_t, copy_file_range, int, off_t*, int, off_t*, size_t, unsigned);
  WRITING(path_of(to, buffer), size, real(from, a, to, b, size, flags), real(from, a, to, b, size / 2, flags));
}

ssize_t read(int file, void* data, size_t size) {
  REAL(ssize_t, read, int, void*, size_t);
  GUARDED("read", path_of(file, buffer), -1, real(file, data, size));
}
ssize_t pread(int file, void* data, size_t size, off_t at) {
  REAL(ssize_t, pread, int, void*, size_t, off_t);
  GUARDED("read", path_of(file, buffer), -1, real(file, data, size, at));
}
ssize_t pread64(int file, void* data, size_t size, off_t at) { return pread(file, data, size, at); }

#define SYNC(name)                                                     \
  int name(int file) {                                                 \
    REAL(int, name, int);                                              \
    GUARDED("fsync", path_of(file, buffer), -1, real(file));           \
  }
SYNC(fsync)
SYNC(fdatasync)
SYNC(syncfs)

int ftruncate(int file, off_t size) {
  REAL(int, ftruncate, int, off_t);
  GUARDED("ftruncate", path_of(file, buffer), -1, real(file, size));
}
int ftruncate64(int file, off_t size) { return ftruncate(file, size); }
int flock(int file, int how) {
  REAL(int, flock, int, int);
  GUARDED("flock", path_of(file, buffer), -1, real(file, how));
}
int close(int file) {
  REAL(int, close, int);
  char buffer[PATH_MAX];
  const enum action action = enter("close", path_of(file, buffer));
  const int result = real(file);
  leave(action);
  if (action != act_error) return result;
  errno = plan.error;
  return -1;
}

int rename(const char* from, const char* to) {
  REAL(int, rename, const char*, const char*);
  GUARDED("rename", absolute(to, buffer), -1, real(from, to));
}
int renameat(int a, const char* from, int b, const char* to) {
  REAL(int, renameat, int, const char*, int, const char*);
  GUARDED("rename", path_at(b, to, buffer), -1, real(a, from, b, to));
}
int renameat2(int a, const char* from, int b, const char* to, unsigned flags) {
  REAL(int, renameat2, int, const char*, int, const char*, unsigned);
  GUARDED("rename", path_at(b, to, buffer), -1, real(a, from, b, to, flags));
}
int link(const char* from, const char* to) {
  REAL(int, link, const char*, const char*);
  GUARDED("link", absolute(to, buffer), -1, real(from, to));
}
int linkat(int a, const char* from, int b, const char* to, int flags) {
  REAL(int, linkat, int, const char*, int, const char*, int);
  GUARDED("link", path_at(b, to, buffer), -1, real(a, from, b, to, flags));
}
int symlink(const char* from, const char* to) {
  REAL(int, symlink, const char*, const char*);
  GUARDED("link", absolute(to, buffer), -1, real(from, to));
}
int unlink(const char* path) {
  REAL(int, unlink, const char*);
  GUARDED("unlink", absolute(path, buffer), -1, real(path));
}
int remove(const char* path) {
  REAL(int, remove, const char*);
  GUARDED("unlink", absolute(path, buffer), -1, real(path));
}
int unlinkat(int folder, const char* path, int flags) {
  REAL(int, unlinkat, int, const char*, int);
  GUARDED("unlink", path_at(folder, path, buffer), -1, real(folder, path, flags));
}
int mkdir(const char* path, mode_t mode) {
  REAL(int, mkdir, const char*, mode_t);
  GUARDED("mkdir", absolute(path, buffer), -1, real(path, mode));
}

#define OPEN(name)                                                     \
  int name(const char* path, int flags, ...) {                         \
    REAL(int, name, const char*, int, ...);                            \
    va_list rest;                                                      \
    va_start(rest, flags);                                             \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                      \
    GUARDED("open", absolute(path, buffer), -1, real(path, flags, mode)); \
  }
OPEN(open)
OPEN(open64)
#define OPENAT(name)                                                   \
  int name(int folder, const char* path, int flags, ...) {             \
    REAL(int, name, int, const char*, int, ...);                       \
    va_list rest;                                                      \
    va_start(rest, flags);                                             \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                      \
    GUARDED("open", path_at(folder, path, buffer), -1, real(folder, path, flags, mode)); \
  }
OPENAT(openat)
OPENAT(openat64)
// What the C library makes of open in code compiled with _FORTIFY_SOURCE.
int __open_2(const char* path, int flags) { return open(path, flags); }
int __open64_2(const char* path, int flags) { return open64(path, flags); }
int __openat_2(int folder, const char* path, int flags) { return openat(folder, path, flags); }
int __openat64_2(int folder, const char* path, int flags) { return openat64(folder, path, flags); }
FILE* fopen(const char* path, const char* mode) {
  REAL(FILE*, fopen, const char*, const char*);
  GUARDED("open", absolute(path, buffer), NULL, real(path, mode));
}
FILE* fopen64(const char* path, const char* mode) { return fopen(path, mode); }
DIR* opendir(const char* path) {
  REAL(DIR*, opendir, const char*);
  GUARDED("open", absolute(path, buffer), NULL, real(path));
}
struct dirent* readdir(DIR* folder) {
  REAL(struct dirent*, readdir, DIR*);
  GUARDED("readdir", path_of(dirfd(folder), buffer), NULL, real(folder));
}
struct dirent64* readdir64(DIR* folder) { return (struct dirent64*)readdir(folder); }

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t at) {
  REAL(void*, mmap, void*, size_t, int, int, int, off_t);
  char buffer[PATH_MAX];
  const char* path = file < 0 ? NULL : path_of(file, buffer);
  const enum action action = enter("mmap", path);
  if (action == act_error) {
    leave(action);
    errno = plan.error;
    return MAP_FAILED;
  }
  void* result = real(address, size, protection, flags, file, at);
  if (action == act_cut && truncate(path, (off_t)(size / 2)) != 0) abort();
  leave(action);
  return result;
}
void* mmap64(void* address, size_t size, int protection, int flags, int file, off_t at) {
  return mmap(address, size, protection, flags, file, at);
}

// A hash of the frames above the allocation, as places in their modules: the same in each run of the program.
static uint64_t site_of_caller(void) {
  void* frames[kFrames];
  const int depth = backtrace(frames, kFrames);
  uint64_t hash = 1469598103934665603u;
  for (int i = 2; i < depth; ++i) {
    uintptr_t place = 0;
    for (int m = 0; m < module_count; ++m)
      if ((uintptr_t)frames[i] >= modules[m].begin && (uintptr_t)frames[i] < modules[m].end)
        place = (uintptr_t)frames[i] - modules[m].begin + ((uintptr_t)m << 40);
    for (int byte = 0; byte < 8; ++byte) hash = (hash ^ (place >> (8 * byte) & 255)) * 1099511628211u;
  }
  return hash ? hash : 1;
}

static void note_site(uint64_t hash) {
  for (uint64_t i = hash;; ++i) {
    uint64_t empty = 0;
    if (atomic_load(&sites[i % kSites].hash) != hash && !atomic_compare_exchange_strong(&sites[i % kSites].hash, &empty, hash) &&
        empty != hash)
      continue;
    atomic_fetch_add(&sites[i % kSites].count, 1);
    return;
  }
}

static void say_stack(void) {
  void* frames[48];
  if (log_file >= 0) backtrace_symbols_fd(frames, backtrace(frames, 48), log_file);
}

static void on_death(int number) {
  say("died", "", strsignal(number));
  say_stack();
  signal(number, SIG_DFL);
  raise(number);
}

// Whether this allocation fails.
static int allocation_fails(void) {
  if (!plan.allocations || !atomic_load(&active) || inside) return 0;
  inside = 1;
  int fails = 0;
  if (plan.stick && plan.at > 0 && atomic_load(&count) >= plan.at) {
    fails = 1;
  } else {
    const uint64_t site = plan.at == 0 || plan.site ? site_of_caller() : 0;
    if (plan.at == 0) note_site(site);
    if (plan.at > 0 && site == plan.site && next_call() == act_error) {
      say("struck ", "alloc", "");
      if (getenv("TORTURE_TRACE")) say_stack();
      fails = 1;
    }
  }
  inside = 0;
  return fails;
}

void* malloc(size_t size) {
  if (!allocation_fails()) return __libc_malloc(size);
  errno = ENOMEM;
  return NULL;
}
void* calloc(size_t number, size_t size) {
  if (!allocation_fails()) return __libc_calloc(number, size);
  errno = ENOMEM;
  return NULL;
}
void* realloc(void* old, size_t size) {
  if (!allocation_fails()) return __libc_realloc(old, size);
  errno = ENOMEM;
  return NULL;
}
static void* aligned(size_t alignment, size_t size) {
  if (!allocation_fails()) return __libc_memalign(alignment, size);
  errno = ENOMEM;
  return NULL;
}
void* memalign(size_t alignment, size_t size) { return aligned(alignment, size); }
void* aligned_alloc(size_t alignment, size_t size) { return aligned(alignment, size); }
int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = aligned(alignment, size);
  return *memory ? 0 : ENOMEM;
}

static int note_module(struct dl_phdr_info* info, size_t size, void* unused) {
  (void)size, (void)unused;
  uintptr_t end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i)
    if (info->dlpi_phdr[i].p_type == PT_LOAD) end = info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
  if (module_count < kModules) {
    modules[module_count].begin = info->dlpi_addr;
    modules[module_count++].end = info->dlpi_addr + end;
  }
  return 0;
}

static void begin(void) {
  static const char* const names[] = {"none", "error", "short", "kill-before", "kill-half", "kill-after", "cut"};
  char action[32] = "none", path[PATH_MAX] = "", number[32] = "0";
  text_from(plan.kinds, sizeof plan.kinds, "TORTURE_KINDS");
  text_from(plan.under, sizeof plan.under, "TORTURE_UNDER");
  plan.under_size = strlen(plan.under);
  if (!getcwd(plan.folder, sizeof plan.folder)) abort();
  text_from(number, sizeof number, "TORTURE_AT");
  plan.at = atol(number);
  char site[32] = "0";
  text_from(site, sizeof site, "TORTURE_SITE");
  plan.site = strtoull(site, NULL, 16);
  text_from(action, sizeof action, "TORTURE_DO");
  for (int i = 0; i <= act_cut; ++i)
    if (!strcmp(action, names[i])) plan.action = i;
  char error[32] = "5";
  text_from(error, sizeof error, "TORTURE_ERRNO");
  plan.error = atoi(error);
  plan.stick = getenv("TORTURE_STICK") != NULL;
  plan.allocations = !strcmp(plan.kinds, "alloc");
  text_from(path, sizeof path, "TORTURE_LOG");
  if (path[0]) {
    const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    log_file = fcntl(file, F_DUPFD_CLOEXEC, kLogDescriptor);
    syscall(SYS_close, file);
    if (log_file < 0) abort();
  }
  path[0] = 0;
  text_from(path, sizeof path, "TORTURE_NOW");
  if (path[0]) {
    const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (syscall(SYS_ftruncate, file, (off_t)kNowSize) != 0) abort();
    now = (char*)syscall(SYS_mmap, NULL, kNowSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    if ((void*)now == MAP_FAILED) abort();
  }
  dl_iterate_phdr(note_module, NULL);
  void* frames[2];
  backtrace(frames, 2);  // loads the unwinder now
  if (getenv("TORTURE_TRACE"))
    for (int i = 0; i < 3; ++i) signal((int[]){SIGSEGV, SIGABRT, SIGBUS}[i], on_death);
  atomic_store(&active, 1);
}

static void end(void) {
  atomic_store(&active, 0);
  for (int i = 0; i < kSites; ++i)
    if (sites[i].hash) {
      char text[64];
      snprintf(text, sizeof text, "%016llx %ld", (unsigned long long)sites[i].hash, (long)sites[i].count);
      say("site", "", text);
    }
}

static int (*real_main)(int, char**, char**);
static int tortured_main(int argc, char** argv, char** environment) {
  begin();
  const int result = real_main(argc, argv, environment);
  end();
  return result;
}

typedef int start_function(int (*)(int, char**, char**), int, char**, void (*)(void), void (*)(void), void (*)(void), void*);
start_function __libc_start_main;
int __libc_start_main(int (*program)(int, char**, char**), int argc, char** argv, void (*init)(void), void (*fini)(void),
                      void (*linker_fini)(void), void* stack_end) {
  start_function* start = (start_function*)dlsym(RTLD_NEXT, "__libc_start_main");
  real_main = program;
  return start(tortured_main, argc, argv, init, fini, linker_fini, stack_end);
}
