// Loaded into every broker of the bench with LD_PRELOAD: counts the calls that make written data durable, and can delay
// each. Node (its thread pool) and the JVM (FileChannel.force, FileDescriptor.sync) both come through these functions.
// Writes to files opened with O_SYNC or O_DSYNC are durable without such a call: their opening is counted, to be seen.
//
//   FLOTILLA_SYNC_COUNTS    file of at least 32 bytes, shared: uint64 fsync, fdatasync, others, synchronous opens
//   FLOTILLA_SYNC_DELAY_US  microseconds that each call waits before it does its work
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { FSYNC, FDATASYNC, OTHER, SYNC_OPEN, COUNTERS };

static uint64_t unused[COUNTERS];
static uint64_t *counters = unused;
static struct timespec delay;

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_sync_file_range)(int, off64_t, off64_t, unsigned int);
static int (*real_msync)(void *, size_t, int);
static int (*real_syncfs)(int);
static int (*real_open)(const char *, int, ...);
static int (*real_open64)(const char *, int, ...);

static void find(void) {
  if (real_fsync) return;
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_sync_file_range = dlsym(RTLD_NEXT, "sync_file_range");
  real_msync = dlsym(RTLD_NEXT, "msync");
  real_syncfs = dlsym(RTLD_NEXT, "syncfs");
  real_open = dlsym(RTLD_NEXT, "open");
  real_open64 = dlsym(RTLD_NEXT, "open64");
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
  if (which != SYNC_OPEN && (delay.tv_sec || delay.tv_nsec)) nanosleep(&delay, NULL);
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

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  find();
  if (flags & O_DSYNC) count(SYNC_OPEN);
  return real_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  find();
  if (flags & O_DSYNC) count(SYNC_OPEN);
  return real_open64(path, flags, mode);
}
