/* <stem>_qfield.qgz (spec/package.md section 2 and 4.10). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/package/patch.h"
#include "engine/project/container.h"

struct archive {
	struct fp_package *p;
	zip_t *z;
	char *path;         /* of the source: "/x/trees.qgs" without its suffix */
	char *name;         /* "trees_qfield" */
	int has_storage;    /* it holds the .qgd already */
};

static enum fp_status zip_fault(zip_error_t *e, struct fp_error *err)
{
	if (zip_error_system_type(e) == ZIP_ET_SYS && zip_error_code_system(e))
		return fp_fail_errno(err, zip_error_code_system(e), "cannot write the packaged project");
	fp_fail(err, FP_E_INVALID, "cannot pack the project with the files that belong to it: %s", zip_error_strerror(e));
	fp_error_hint(err, "one of them is damaged: open the project in QGIS, save it, and upload it again");
	return FP_E_INVALID;
}

/* Takes SOURCE over. The same members give the same bytes: no times of today, no permissions of this computer. */
static enum fp_status add(struct archive *a, const char *name, zip_source_t *source, struct fp_error *err)
{
	enum { YEAR_1980 = 1 << 5 | 1 };
	zip_int64_t i = source ? zip_file_add(a->z, name, source, ZIP_FL_ENC_UTF_8) : -1;

	if (i < 0) {
		zip_source_free(source);
		return zip_fault(zip_get_error(a->z), err);
	}
	zip_file_set_dostime(a->z, (zip_uint64_t)i, 0, YEAR_1980, 0);
	zip_file_set_external_attributes(a->z, (zip_uint64_t)i, 0, ZIP_OPSYS_UNIX, (zip_uint32_t)(S_IFREG | 0644) << 16);
	return FP_OK;
}

static enum fp_status add_file(struct archive *a, const char *name, const char *path, struct fp_error *err)
{
	return add(a, name, zip_source_file(a->z, path, 0, -1), err);
}

static void left_out(struct archive *a, const char *name, const char *why)
{
	fp_package_warn(a->p, NULL, "member_dropped", 1, "\"%s\" inside the project's archive was left out: %s", name, why);
}

/* Member I of FROM as it is packed there. The auxiliary storage follows the project's name; a second project would be one that nobody patched. */
static enum fp_status add_member(struct archive *a, zip_t *from, zip_uint64_t i, struct fp_error *err)
{
	const char *name = zip_get_name(from, i, 0);
	struct fp_error why;
	zip_stat_t s;
	char *own = NULL;
	enum fp_status st;

	if (!name || (*name && name[strlen(name) - 1] == '/')) /* a folder has nothing in it of its own */
		return FP_OK;
	if (fp_name_check(name, &why) != FP_OK) {
		left_out(a, name, why.msg);
		return FP_OK;
	}
	if (fp_path_has_suffix(name, ".qgs")) {
		left_out(a, name, "it is another project");
		return FP_OK;
	}
	if (zip_stat_index(from, i, 0, &s) == 0 && (s.valid & ZIP_STAT_ENCRYPTION_METHOD) && s.encryption_method != ZIP_EM_NONE) {
		left_out(a, name, "it is encrypted");
		return FP_OK;
	}
	if (fp_path_has_suffix(name, ".qgd") && !a->has_storage) {
		own = fp_asprintf("%s.qgd", a->name);
		a->has_storage = 1;
	}
	if (zip_name_locate(a->z, own ? own : name, 0) >= 0) {
		left_out(a, name, "the archive has another of that name");
		st = FP_OK;
	} else {
		st = add(a, own ? own : name, zip_source_zip(a->z, from, i, ZIP_FL_COMPRESSED, 0, -1), err);
	}
	free(own);
	return st;
}

static enum fp_status add_members(struct archive *a, zip_t *from, zip_int64_t but, struct fp_error *err)
{
	zip_int64_t n = from ? zip_get_num_entries(from, 0) : 0;
	enum fp_status st = FP_OK;

	for (zip_int64_t i = 0; i < n && st == FP_OK; i++)
		if (i != but)
			st = add_member(a, from, (zip_uint64_t)i, err);
	return st;
}

static int is_file(const char *path)
{
	struct stat sb;

	return lstat(path, &sb) == 0 && S_ISREG(sb.st_mode);
}

/* What QGIS keeps beside a .qgs: its auxiliary storage, and the files that are attached to it. *ATTACHED stays open until A is written. */
static enum fp_status add_side_files(struct archive *a, zip_t **attached, struct fp_error *err)
{
	char *storage = fp_asprintf("%s.qgd", a->path), *files = fp_asprintf("%s_attachments.zip", a->path), *own = fp_asprintf("%s.qgd", a->name);
	enum fp_status st = FP_OK;
	struct fp_error why;

	if (is_file(storage)) {
		a->has_storage = 1;
		st = add_file(a, own, storage, err);
	}
	if (st == FP_OK && is_file(files)) {
		if (fp_container_archive(attached, files, &why) != FP_OK)
			fp_package_warn(a->p, NULL, "attachments_dropped", 1, "the files that are attached to the project were left out: %s", why.msg);
		else
			st = add_members(a, *attached, -1, err);
	}
	free(storage);
	free(files);
	free(own);
	return st;
}

/* Everything goes into A; libzip reads it only in zip_close(), so that FROM and ATTACHED are closed after it. */
static enum fp_status fill(struct archive *a, zip_t *from, zip_t **attached, const char *xml, struct fp_error *err)
{
	char *own = fp_asprintf("%s.qgs", a->name);
	enum fp_status st = add_file(a, own, xml, err);

	free(own);
	if (st != FP_OK)
		return st;
	return from ? add_members(a, from, fp_container_member(from), err) : add_side_files(a, attached, err);
}

static enum fp_status write_archive(struct archive *a, const char *to, const char *xml, struct fp_error *err)
{
	zip_t *from = NULL, *attached = NULL;
	enum fp_status st = fp_container_archive(&from, a->p->project->path, err);
	zip_error_t e;
	int code = 0;

	if (st != FP_OK)
		return st;
	a->z = zip_open(to, ZIP_CREATE | ZIP_TRUNCATE, &code);
	if (!a->z) {
		zip_error_init_with_code(&e, code);
		st = zip_fault(&e, err);
		zip_error_fini(&e);
	} else {
		st = fill(a, from, &attached, xml, err);
		if (st == FP_OK && zip_close(a->z) == 0) {
			a->z = NULL;
		} else if (st == FP_OK) {
			st = zip_fault(zip_get_error(a->z), err);
		}
		if (a->z)
			zip_discard(a->z);
	}
	if (attached)
		zip_discard(attached);
	if (from)
		zip_discard(from);
	return st;
}

enum fp_status fp_package_project(struct fp_package *p, struct fp_error *err)
{
	struct archive a = {.p = p, .name = fp_asprintf("%s_qfield", p->stem)};
	char *to = fp_asprintf("%s/%s.qgz", p->output, a.name), *part = fp_asprintf("%s.part", to);
	char *xml = fp_asprintf("%s/%s.qgs", p->scratch, a.name);
	enum fp_status st;

	a.path = fp_path_join(p->project->home, p->stem);
	st = fp_patch_write(p, xml, err);
	if (st == FP_OK)
		st = write_archive(&a, part, xml, err);
	if (st == FP_OK)
		st = fp_fs_publish(part, to, err);
	unlink(xml);
	if (st != FP_OK)
		unlink(part);
	free(a.path);
	free(a.name);
	free(to);
	free(part);
	free(xml);
	return st;
}
