#include "engine/project/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/base/path.h"

#define XML_MAX ((zip_uint64_t)256 << 20)
#define ARCHIVE_MAX ((off_t)64 << 20)
#define MEMBERS_MAX 2000
#define RATIO_MAX 200
#define PIECE ((size_t)1 << 18)

static enum fp_status too_large(const char *name, struct fp_error *err)
{
	return fp_fail(err, FP_E_INVALID, "%s unpacks to more than 256 MB", name);
}

zip_int64_t fp_container_member(zip_t *z)
{
	zip_int64_t n = zip_get_num_entries(z, 0);

	for (zip_int64_t i = 0; i < n; i++) {
		const char *name = zip_get_name(z, (zip_uint64_t)i, 0);
		if (name && fp_path_has_suffix(name, ".qgs"))
			return i;
	}
	return -1;
}

/* What the archive claims about the member's size decides early; what really comes out decides in the end. */
static enum fp_status check_claims(zip_t *z, zip_uint64_t member, struct fp_error *err)
{
	zip_stat_t s;

	if (zip_stat_index(z, member, 0, &s) != 0 || !(s.valid & ZIP_STAT_SIZE) || !(s.valid & ZIP_STAT_COMP_SIZE))
		return fp_fail(err, FP_E_INVALID, "damaged archive: its .qgs has no size");
	if (s.size > XML_MAX)
		return too_large("the .qgs inside the archive", err);
	if (s.size / RATIO_MAX > s.comp_size)
		return fp_fail(err, FP_E_INVALID, "the .qgs inside the archive is packed more than %d times: refused as a zip bomb", RATIO_MAX);
	if ((s.valid & ZIP_STAT_ENCRYPTION_METHOD) && s.encryption_method != ZIP_EM_NONE)
		return fp_fail(err, FP_E_INVALID, "the .qgs inside the archive is encrypted");
	return FP_OK;
}

static enum fp_status feed_member(struct fp_xml *x, zip_file_t *f, struct fp_error *err)
{
	char *piece = fp_alloc(PIECE);
	enum fp_status st = FP_OK;
	zip_uint64_t total = 0;
	zip_int64_t n;

	while (st == FP_OK && (n = zip_fread(f, piece, PIECE)) != 0) {
		if (n < 0) {
			st = fp_fail(err, FP_E_INVALID, "damaged archive: %s", zip_file_strerror(f));
		} else {
			total += (zip_uint64_t)n;
			st = total > XML_MAX ? too_large("the .qgs inside the archive", err) : fp_xml_feed(x, piece, (size_t)n, err);
		}
	}
	if (st == FP_OK && total == 0)
		st = fp_fail(err, FP_E_INVALID, "the .qgs inside the archive is empty");
	free(piece);
	return st;
}

static enum fp_status read_archive(struct fp_xml *x, zip_t *z, struct fp_error *err)
{
	zip_int64_t member;
	zip_file_t *f;
	enum fp_status st;

	member = fp_container_member(z);
	if (member < 0)
		return fp_fail(err, FP_E_INVALID, "no .qgs inside the archive");
	st = check_claims(z, (zip_uint64_t)member, err);
	if (st != FP_OK)
		return st;
	f = zip_fopen_index(z, (zip_uint64_t)member, 0);
	if (!f)
		return fp_fail(err, FP_E_INVALID, "damaged archive: %s", zip_strerror(z));
	st = feed_member(x, f, err);
	zip_fclose(f);
	return st;
}

/* Takes FD over. */
static enum fp_status open_archive(zip_t **out, int fd, off_t size, struct fp_error *err)
{
	int code;

	*out = NULL;
	if (size > ARCHIVE_MAX) {
		close(fd);
		return fp_fail(err, FP_E_INVALID, "the archive is larger than 64 MB");
	}
	*out = zip_fdopen(fd, 0, &code); /* owns fd when it succeeds */
	if (!*out) {
		zip_error_t e;
		zip_error_init_with_code(&e, code);
		fp_fail(err, FP_E_INVALID, "damaged archive: %s", zip_error_strerror(&e));
		zip_error_fini(&e);
		close(fd);
		return FP_E_INVALID;
	}
	if (zip_get_num_entries(*out, 0) > MEMBERS_MAX) {
		zip_discard(*out);
		*out = NULL;
		return fp_fail(err, FP_E_INVALID, "the archive has more than %d members", MEMBERS_MAX);
	}
	return FP_OK;
}

static enum fp_status read_qgz(struct fp_xml *x, int fd, const struct stat *sb, struct fp_error *err)
{
	zip_t *z;
	enum fp_status st = open_archive(&z, fd, sb->st_size, err);

	if (st != FP_OK)
		return st;
	st = read_archive(x, z, err);
	zip_discard(z);
	return st;
}

static enum fp_status read_qgs(struct fp_xml *x, int fd, const struct stat *sb, struct fp_error *err)
{
	char *piece;
	enum fp_status st = FP_OK;
	ssize_t n;

	if ((zip_uint64_t)sb->st_size > XML_MAX) {
		close(fd);
		return fp_fail(err, FP_E_INVALID, "the project is larger than 256 MB");
	}
	piece = fp_alloc(PIECE);
	while (st == FP_OK && (n = read(fd, piece, PIECE)) != 0) {
		if (n > 0)
			st = fp_xml_feed(x, piece, (size_t)n, err);
		else if (errno != EINTR)
			st = fp_fail_errno(err, errno, "cannot read the project");
	}
	free(piece);
	close(fd);
	return st;
}

/* Only what is a regular file is opened; *SB is of it. */
static enum fp_status open_file(int *fd, struct stat *sb, const char *path, struct fp_error *err)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return fp_fail_errno(err, errno, "cannot open %s", path);
	if (fstat(*fd, sb) == 0 && S_ISREG(sb->st_mode))
		return FP_OK;
	close(*fd);
	return fp_fail(err, FP_E_INVALID, "%s is not a file", path);
}

static int is_archive(int fd)
{
	char magic[2] = "";

	return pread(fd, magic, 2, 0) == 2 && magic[0] == 'P' && magic[1] == 'K';
}

enum fp_status fp_container_archive(zip_t **out, const char *path, struct fp_error *err)
{
	struct stat sb;
	int fd;
	enum fp_status st = open_file(&fd, &sb, path, err);

	*out = NULL;
	if (st != FP_OK)
		return st;
	if (is_archive(fd))
		return open_archive(out, fd, sb.st_size, err);
	close(fd);
	return FP_OK;
}

enum fp_status fp_container_read(struct fp_xml *x, const char *path, struct fp_error *err)
{
	struct stat sb;
	int fd;
	enum fp_status st = open_file(&fd, &sb, path, err);

	if (st != FP_OK)
		return st;
	if (sb.st_size == 0) {
		close(fd);
		return fp_fail(err, FP_E_INVALID, "empty file");
	}
	if (is_archive(fd))
		return read_qgz(x, fd, &sb, err);
	if (fp_path_has_suffix(path, ".qgz")) { /* neither QGIS nor QField opens such a file, whatever is in it */
		close(fd);
		return fp_fail(err, FP_E_INVALID, "it is named .qgz but is no ZIP archive");
	}
	return read_qgs(x, fd, &sb, err);
}
