#include "engine/project/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

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

static zip_int64_t find_qgs(zip_t *z)
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

	if (zip_get_num_entries(z, 0) > MEMBERS_MAX)
		return fp_fail(err, FP_E_INVALID, "the archive has more than %d members", MEMBERS_MAX);
	member = find_qgs(z);
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

static enum fp_status read_qgz(struct fp_xml *x, int fd, const struct stat *sb, struct fp_error *err)
{
	zip_t *z;
	int code;
	enum fp_status st;

	if (sb->st_size > ARCHIVE_MAX) {
		close(fd);
		return fp_fail(err, FP_E_INVALID, "the archive is larger than 64 MB");
	}
	z = zip_fdopen(fd, 0, &code); /* owns fd when it succeeds */
	if (!z) {
		zip_error_t e;
		zip_error_init_with_code(&e, code);
		st = fp_fail(err, FP_E_INVALID, "damaged archive: %s", zip_error_strerror(&e));
		zip_error_fini(&e);
		close(fd);
		return st;
	}
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

enum fp_status fp_container_read(struct fp_xml *x, const char *path, struct fp_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char magic[2] = "";
	struct stat sb;

	if (fd < 0)
		return fp_fail_errno(err, errno, "cannot open %s", path);
	if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode)) {
		close(fd);
		return fp_fail(err, FP_E_INVALID, "%s is not a file", path);
	}
	if (sb.st_size == 0) {
		close(fd);
		return fp_fail(err, FP_E_INVALID, "empty file");
	}
	if (pread(fd, magic, 2, 0) == 2 && magic[0] == 'P' && magic[1] == 'K')
		return read_qgz(x, fd, &sb, err);
	if (fp_path_has_suffix(path, ".qgz")) { /* neither QGIS nor QField opens such a file, whatever is in it */
		close(fd);
		return fp_fail(err, FP_E_INVALID, "it is named .qgz but is no ZIP archive");
	}
	return read_qgs(x, fd, &sb, err);
}
