// Loaded into every broker of the bench with LD_PRELOAD: counts the calls that make written data durable, and can delay
// each. Node (its thread pool) and the JVM (FileChannel.force, FileDescriptor.sync) both come through these functions.
// A write to a file opened with O_SYNC or O_DSYNC is such a call, too.
//
//   FLOTILLA_SYNC_COUNTS    file of at least 32 bytes, shared: uint64 fsync, fdatasync, others, synchronous writes
//   FLOTILLA_SYNC_DELAY_US  microseconds that each call waits before it does its work
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FILES = 65536 };
enum { FSYNC, FDATASYNC, OTHER, SYNC_WRITE, COUNTERS };

static uint64_t unused[COUNTERS];
static uint64_t *counters = unused;
static struct timespec delay;
/** By descriptor: opened for synchronous writes. */
static unsigned char synchronous[MAX_FILES];

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_sync_file_range)(int, off64_t, off64_t, unsigned int);
static int (*real_msync)(void *, size_t, int);
static int (*real_syncfs)(int);
static int (*real_open)(const char *, int, ...);
static int (*real_open64)(const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev64)(int, const struct iovec *, int, off64_t);

static void find(void) {
  if (real_fsync) return;
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_sync_file_range = dlsym(RTLD_NEXT, "sync_file_range");
  real_msync = dlsym(RTLD_NEXT, "msync");
  real_syncfs = dlsym(RTLD_NEXT, "syncfs");
  real_open = dlsym(RTLD_NEXT, "open");
  real_open64 = dlsym(RTLD_NEXT, "open64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_pwritev64 = dlsym(RTLD_NEXT, "pwritev64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
}

__attribute__((constructor)) static void begin(void) {
  find();
  const char *microseconds = getenv("FLOTILLA_SYNC_DELAY_US");
  if (microseconds) {
    long us = atol(microseconds);
    delay.tv_sec = us / 1000000;
    delay.tv_nsec = us % 1000000 * 1000;
  }
  const char *path = getenv("FLOTILLA_SYNC_COUNTS");
  if (!path) return;
  int file = real_open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof unused, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) counters = mapped;
}

static void count(int which) {
  __atomic_fetch_add(&counters[which], 1, __ATOMIC_RELAXED);
  if (delay.tv_sec || delay.tv_nsec) nanosleep(&delay, NULL);
}

int fsync(int file) { find(); count(FSYNC); return real_fsync(file); }
int fdatasync(int file) { find(); count(FDATASYNC); return real_fdatasync(file); }
int syncfs(int file) { find(); count(OTHER); return real_syncfs(file); }

int sync_file_range(int file, off64_t offset, off64_t length, unsigned int flags) {
  find();
  count(OTHER);
  return real_sync_file_range(file, offset, length, flags);
}

int msync(void *address, size_t length, int flags) {
  find();
  if (flags & MS_SYNC) count(OTHER);
  return real_msync(address, length, flags);
}

static mode_t mode_of(int flags, va_list rest) {
  return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

/** Descriptors are used again: each opening says anew what writes to it are. */
static int note(int file, int flags) {
  if (file >= 0 && file < MAX_FILES) synchronous[file] = (flags & O_DSYNC) != 0;
  return file;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  find();
  return note(real_open(path, flags, mode), flags);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  find();
  return note(real_open64(path, flags, mode), flags);
}

/** Sockets and pipes come to descriptors without open, and Node closes files without close: a mark may be an older file's. */
static void written(int file) {
  find();
  if (file < 0 || file >= MAX_FILES || !synchronous[file]) return;
  if (fcntl(file, F_GETFL) & O_DSYNC) count(SYNC_WRITE);
  else synchronous[file] = 0;
}

ssize_t write(int file, const void *bytes, size_t length) { written(file); return real_write(file, bytes, length); }
ssize_t writev(int file, const struct iovec *parts, int count) { written(file); return real_writev(file, parts, count); }

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
  written(file);
  return real_pwrite64(file, bytes, length, offset);
}
ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) { return pwrite64(file, bytes, length, offset); }

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset) {
  written(file);
  return real_pwritev64(file, parts, count, offset);
}
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) { return pwritev64(file, parts, count, offset); }
