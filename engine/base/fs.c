#include "engine/base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/base/ids.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"

enum fp_status fp_fs_mkdirs(const char *path, struct fp_error *err)
{
	char *copy = fp_strdup(path);
	enum fp_status st = FP_OK;

	for (char *p = copy + 1;; p++) {
		char c = *p;
		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
			st = fp_fail_errno(err, errno, "cannot make folder %s", copy);
			break;
		}
		*p = c;
		if (c == '\0')
			break;
	}
	free(copy);
	return st;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

enum fp_status fp_fs_remove_tree(const char *path, struct fp_error *err)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		return fp_fail_errno(err, errno, "cannot remove %s", path);
	return FP_OK;
}

enum fp_status fp_fs_read(struct fp_buf *b, const char *path, int64_t limit, struct fp_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char block[65536];
	enum fp_status st = FP_OK;
	struct stat sb;
	ssize_t n;

	if (fd < 0)
		return fp_fail_errno(err, errno, "cannot open %s", path);
	if (fstat(fd, &sb) == 0 && !S_ISREG(sb.st_mode)) {
		close(fd);
		return fp_fail(err, FP_E_INVALID, "%s is not a regular file", path);
	}
	while ((n = read(fd, block, sizeof block)) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			st = fp_fail_errno(err, errno, "cannot read %s", path);
			break;
		}
		if ((int64_t)b->len + n > limit) {
			st = fp_fail(err, FP_E_FULL, "%s is larger than %lld MB", path, (long long)(limit >> 20));
			break;
		}
		fp_buf_add(b, block, (size_t)n);
	}
	close(fd);
	return st;
}

static enum fp_status write_all(int fd, const char *p, size_t n, const char *path, struct fp_error *err)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);
		if (k < 0) {
			if (errno == EINTR)
				continue;
			return fp_fail_errno(err, errno, "cannot write %s", path);
		}
		p += k;
		n -= (size_t)k;
	}
	return FP_OK;
}

enum fp_status fp_fs_sync(const char *path, struct fp_error *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	enum fp_status st = FP_OK;

	if (fd < 0 || fsync(fd) != 0)
		st = fp_fail_errno(err, errno, "cannot sync %s", path);
	if (fd >= 0)
		close(fd);
	return st;
}

enum fp_status fp_fs_sync_dir(const char *path, struct fp_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum fp_status st = FP_OK;

	if (fd < 0)
		return fp_fail_errno(err, errno, "cannot open folder %s", path);
	if (fsync(fd) != 0)
		st = fp_fail_errno(err, errno, "cannot sync folder %s", path);
	close(fd);
	return st;
}

static enum fp_status rename_synced(const char *from, const char *to, struct fp_error *err)
{
	char *dir;
	enum fp_status st;

	if (rename(from, to) != 0)
		return fp_fail_errno(err, errno, "cannot rename %s to %s", from, to);
	dir = fp_path_dir(to);
	st = fp_fs_sync_dir(dir, err);
	free(dir);
	return st;
}

enum fp_status fp_fs_write_atomic(const char *path, const void *bytes, size_t n, struct fp_error *err)
{
	char uuid[FP_UUID_SIZE];
	char *tmp = fp_asprintf("%s.%.8s.tmp", path, fp_uuid_new(uuid));
	int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum fp_status st;

	if (fd < 0) {
		st = fp_fail_errno(err, errno, "cannot create %s", tmp);
		free(tmp);
		return st;
	}
	st = write_all(fd, bytes, n, path, err);
	if (st == FP_OK && fsync(fd) != 0)
		st = fp_fail_errno(err, errno, "cannot sync %s", path);
	if (close(fd) != 0 && st == FP_OK)
		st = fp_fail_errno(err, errno, "cannot write %s", path);
	if (st == FP_OK)
		st = rename_synced(tmp, path, err);
	if (st != FP_OK)
		unlink(tmp);
	free(tmp);
	return st;
}

static enum fp_status copy_bytes(int in, int out, const char *from, const char *to, struct fp_error *err)
{
	char block[65536];
	ssize_t n;

	if (ioctl(out, FICLONE, in) == 0)
		return FP_OK;
	while ((n = copy_file_range(in, NULL, out, NULL, (size_t)1 << 30, 0)) > 0)
		;
	if (n == 0)
		return FP_OK;
	if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return fp_fail_errno(err, errno, "cannot copy %s to %s", from, to);
	while ((n = read(in, block, sizeof block)) != 0) {
		enum fp_status st;
		if (n < 0)
			return fp_fail_errno(err, errno, "cannot read %s", from);
		st = write_all(out, block, (size_t)n, to, err);
		if (st != FP_OK)
			return st;
	}
	return FP_OK;
}

enum fp_status fp_fs_copy(const char *from, const char *to, struct fp_error *err)
{
	int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK), out;
	enum fp_status st;
	struct stat sb;

	if (in < 0)
		return fp_fail_errno(err, errno, "cannot open %s", from);
	if (fstat(in, &sb) != 0 || !S_ISREG(sb.st_mode)) {
		close(in);
		return fp_fail(err, FP_E_INVALID, "%s is not a regular file", from);
	}
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0) {
		st = fp_fail_errno(err, errno, "cannot create %s", to);
		close(in);
		return st;
	}
	st = copy_bytes(in, out, from, to, err);
	if (close(out) != 0 && st == FP_OK)
		st = fp_fail_errno(err, errno, "cannot write %s", to);
	close(in);
	if (st != FP_OK)
		unlink(to);
	return st;
}

void fp_fs_sync_soon(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	close(fd);
}

enum fp_status fp_fs_publish(const char *from, const char *to, struct fp_error *err)
{
	int fd = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fp_fail_errno(err, errno, "cannot open %s", from);
	if (fsync(fd) != 0) {
		enum fp_status st = fp_fail_errno(err, errno, "cannot sync %s", from);
		close(fd);
		return st;
	}
	close(fd);
	return rename_synced(from, to, err);
}

/* Entries come sorted so that what is made from a folder is the same on every machine. */
static enum fp_status walk(const char *root, const char *below, fp_fs_each *each, void *arg, struct fp_error *err)
{
	char *dir = *below ? fp_path_join(root, below) : fp_strdup(root);
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);
	enum fp_status st = FP_OK;

	if (n < 0) {
		st = fp_fail_errno(err, errno, "cannot read folder %s", dir);
		free(dir);
		return st;
	}
	for (int i = 0; i < n; i++) {
		const char *d = list[i]->d_name;
		struct stat sb;
		char *name, *path;

		if (st != FP_OK || strcmp(d, ".") == 0 || strcmp(d, "..") == 0) {
			free(list[i]);
			continue;
		}
		name = *below ? fp_path_join(below, d) : fp_strdup(d);
		path = fp_path_join(root, name);
		if (lstat(path, &sb) != 0) {
			if (errno != ENOENT)
				st = fp_fail_errno(err, errno, "cannot read %s", path);
		} else if (S_ISDIR(sb.st_mode)) {
			st = walk(root, name, each, arg, err);
		} else {
			st = each(arg, name, S_ISREG(sb.st_mode), (int64_t)sb.st_size, err);
		}
		free(path);
		free(name);
		free(list[i]);
	}
	free(list);
	free(dir);
	return st;
}

enum fp_status fp_fs_walk(const char *root, fp_fs_each *each, void *arg, struct fp_error *err)
{
	return walk(root, "", each, arg, err);
}

int fp_fs_is_network(const char *path, const char **name)
{
	static const struct { unsigned long magic; const char *name; } kinds[] = {
		{0x6969, "NFS"}, {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB2"}, {0x517B, "SMB"}, {0x564C, "NCP"},
		{0x5346414F, "AFS"}, {0x01021997, "9p"}, {0x65735546, "FUSE"}, {0x00C36400, "Ceph"}, {0x0BD00BD0, "Lustre"},
		{0x73757245, "Coda"}, {0x7461636F, "OCFS2"}, {0x01161970, "GFS2"},
	};
	struct statfs s;

	if (statfs(path, &s) != 0)
		return 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (((unsigned long)s.f_type & 0xFFFFFFFFUL) == kinds[i].magic) {
			*name = kinds[i].name;
			return 1;
		}
	}
	return 0;
}
