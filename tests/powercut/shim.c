/* Writes down what a program asks of the disk below POWERCUT_ROOT, in order, to POWERCUT_LOG.
 *
 * Preloaded (LD_PRELOAD); tests/powercut/disk.py then builds the disk as a power cut at any point
 * may have left it. A record: kind (1 byte), inode (8), offset (8), path length (4), data length
 * (4), path, data; all in the machine's own byte order.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FD 4096
#define REAL(name) ((__typeof__(&name))real(#name))

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static unsigned char watched[MAX_FD];
static int log_fd = -2;
static char root[4096];

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static void put(const void *data, size_t size) {
  const char *at = data;
  while (size > 0) {
    ssize_t done = syscall(SYS_write, log_fd, at, size);
    if (done <= 0) _exit(98);
    at += done, size -= (size_t)done;
  }
}

static void record(char kind, uint64_t inode, uint64_t offset, const char *path, const void *data,
                   size_t size) {
  uint32_t path_size = path ? (uint32_t)strlen(path) : 0, data_size = (uint32_t)size;
  put(&kind, 1), put(&inode, 8), put(&offset, 8), put(&path_size, 4), put(&data_size, 4);
  if (path_size) put(path, path_size);
  if (data_size) put(data, data_size);
}

static int ready(void) {
  if (log_fd == -2) {
    const char *log = getenv("POWERCUT_LOG"), *folder = getenv("POWERCUT_ROOT");
    if (!log || !folder) return log_fd = -1, 0;
    snprintf(root, sizeof root, "%s/", folder);
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
  return log_fd >= 0;
}

/* All paths of the traced programs are absolute. */
static int below(const char *path) {
  return path && ready() &&
         (strncmp(path, root, strlen(root)) == 0 || strncmp(path, root, strlen(root) - 1) == 0);
}

static uint64_t inode_of(int fd) {
  struct stat found;
  return fstat(fd, &found) == 0 ? (uint64_t)found.st_ino : 0;
}

static int opened(int fd, const char *path, int flags, int there) {
  if (fd < 0 || fd >= MAX_FD) return fd;
  watched[fd] = 1;
  if (!there) record('C', inode_of(fd), 0, path, NULL, 0);
  else record('O', inode_of(fd), 0, path, NULL, 0);
  if (there && (flags & O_TRUNC)) record('T', inode_of(fd), 0, NULL, NULL, 0);
  return fd;
}

#define OPEN(name)                                                       \
  int name(const char *path, int flags, ...) {                           \
    va_list rest;                                                        \
    va_start(rest, flags);                                               \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                        \
    if (!below(path)) return REAL(name)(path, flags, mode);              \
    pthread_mutex_lock(&lock);                                           \
    int there = access(path, F_OK) == 0;                                 \
    int fd = opened(REAL(name)(path, flags, mode), path, flags, there);  \
    pthread_mutex_unlock(&lock);                                         \
    return fd;                                                           \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                     \
  int name(int folder, const char *path, int flags, ...) {               \
    va_list rest;                                                        \
    va_start(rest, flags);                                               \
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                        \
    if (!below(path)) return REAL(name)(folder, path, flags, mode);      \
    pthread_mutex_lock(&lock);                                           \
    int there = access(path, F_OK) == 0;                                 \
    int fd = opened(REAL(name)(folder, path, flags, mode), path, flags, there); \
    pthread_mutex_unlock(&lock);                                         \
    return fd;                                                           \
  }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
  if (fd >= 0 && fd < MAX_FD) watched[fd] = 0;
  return (int)syscall(SYS_close, fd);
}

static int is_watched(int fd) { return fd >= 0 && fd < MAX_FD && watched[fd]; }

ssize_t write(int fd, const void *data, size_t size) {
  if (!is_watched(fd)) return syscall(SYS_write, fd, data, size);
  pthread_mutex_lock(&lock);
  off_t at = (fcntl(fd, F_GETFL) & O_APPEND) ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
  ssize_t done = syscall(SYS_write, fd, data, size);
  if (done > 0) record('W', inode_of(fd), (uint64_t)at, NULL, data, (size_t)done);
  pthread_mutex_unlock(&lock);
  return done;
}

static ssize_t write_at(int fd, const void *data, size_t size, off64_t at) {
  pthread_mutex_lock(&lock);
  ssize_t done = syscall(SYS_pwrite64, fd, data, size, at);
  if (done > 0 && is_watched(fd)) record('W', inode_of(fd), (uint64_t)at, NULL, data, (size_t)done);
  pthread_mutex_unlock(&lock);
  return done;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return write_at(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  return write_at(fd, data, size, at);
}

static int cut_to(int fd, off64_t size) {
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_ftruncate, fd, size);
  if (done == 0 && is_watched(fd)) record('T', inode_of(fd), (uint64_t)size, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}
int ftruncate(int fd, off_t size) { return cut_to(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut_to(fd, size); }

static int synced(int fd) {
  struct stat found;
  char link[64], path[4096];
  if (!is_watched(fd) || fstat(fd, &found) != 0) return 0;
  if (!S_ISDIR(found.st_mode)) return record('S', (uint64_t)found.st_ino, 0, NULL, NULL, 0), 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size > 0) path[size] = 0, record('D', 0, 0, path, NULL, 0);
  return 0;
}
/* On record before the disk is asked: whoever saw it done may say so. A real disk need not be. */
int fsync(int fd) {
  pthread_mutex_lock(&lock);
  synced(fd);
  pthread_mutex_unlock(&lock);
  return is_watched(fd) ? 0 : (int)syscall(SYS_fsync, fd);
}
int fdatasync(int fd) { return fsync(fd); }

int rename(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  if (done == 0 && below(from)) record('R', 0, 0, from, to, strlen(to));
  pthread_mutex_unlock(&lock);
  return done;
}

int unlink(const char *path) {
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (done == 0 && below(path)) record('U', 0, 0, path, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}

int mkdir(const char *path, mode_t mode) {
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
  if (done == 0 && below(path)) record('M', 0, 0, path, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}
