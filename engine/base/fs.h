/* Files: durable writes, cheap copies, digests. All paths are taken as they are; whoever has a name from outside checks it first
 * (engine/base/path.h). */
#ifndef FP_BASE_FS_H
#define FP_BASE_FS_H

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

#define FP_SHA256_HEX 65
#define FP_MD5_HEX 33
#define FP_ETAG_SIZE 48
#define FP_ETAG_PART (8 << 20)

struct fp_digest {
	int64_t size; /* bytes */
	char sha256[FP_SHA256_HEX];
	char md5[FP_MD5_HEX];
	char etag[FP_ETAG_SIZE]; /* the MD5 up to FP_ETAG_PART bytes; beyond, that of the MD5s of such parts, and how many: "<hex>-2". As S3 and QFieldCloud's clients have it */
};

/* mkdir -p with mode 0700 for what is made. */
enum fp_status fp_fs_mkdirs(const char *path, struct fp_error *err);

/* Removes a file or a tree; a missing one is no error. Does not follow symbolic links. */
enum fp_status fp_fs_remove_tree(const char *path, struct fp_error *err);

/* Whole file into B; FP_E_FULL when it is larger than LIMIT bytes. */
enum fp_status fp_fs_read(struct fp_buf *b, const char *path, int64_t limit, struct fp_error *err);

/* Writes beside PATH under a temporary name, fsyncs, renames over PATH and fsyncs the folder: all or nothing. */
enum fp_status fp_fs_write_atomic(const char *path, const void *bytes, size_t n, struct fp_error *err);

/* Copies regular file FROM to the new file TO (mode 0600): reflink where the file system can, else copy_file_range, else read and write.
 * Not synced. FROM must not be a symbolic link. On failure TO is removed. */
enum fp_status fp_fs_copy(const char *from, const char *to, struct fp_error *err);

/* fsyncs file FROM, renames it to TO (same file system) and fsyncs TO's folder. */
enum fp_status fp_fs_publish(const char *from, const char *to, struct fp_error *err);

/* Lets the kernel begin to write a file to the disk without waiting for it, so that a sync soon after finds less to do. */
void fp_fs_sync_soon(const char *path);

/* fsyncs a file, no symbolic link; a folder. */
enum fp_status fp_fs_sync(const char *path, struct fp_error *err);
enum fp_status fp_fs_sync_dir(const char *path, struct fp_error *err);

/* SHA-256, MD5 and ETag in one pass, in steps so that an event loop can go on in between. */
struct fp_hasher;
enum fp_status fp_hasher_new(struct fp_hasher **out, const char *path, struct fp_error *err);
/* Reads at most BYTES more; *DONE becomes 1 at the end of the file, and then *DIGEST is filled. */
enum fp_status fp_hasher_step(struct fp_hasher *h, int64_t bytes, int *done, struct fp_digest *digest, struct fp_error *err);
/* Leaves out the MD5 of what has more than one part: "" then. Before the first step. */
void fp_hasher_etag_only(struct fp_hasher *h);
void fp_hasher_free(struct fp_hasher *h);

/* The same in one call. */
enum fp_status fp_fs_digest(struct fp_digest *digest, const char *path, struct fp_error *err);

/* Calls EACH for every regular file below ROOT with its name relative to ROOT (sorted within a folder, folders first come first served);
 * symbolic links and special files are passed with REGULAR 0. A status other than FP_OK from EACH ends the walk and is returned. */
typedef enum fp_status fp_fs_each(void *arg, const char *name, int regular, int64_t size, struct fp_error *err);
enum fp_status fp_fs_walk(const char *root, fp_fs_each *each, void *arg, struct fp_error *err);

/* 1 when PATH lies on a network or user-space file system on which SQLite's WAL cannot work; NAME gets what it is ("NFS"). */
int fp_fs_is_network(const char *path, const char **name);

#endif
