#include "engine/queue/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/changes/deltafile.h"
#include "engine/queue/queue.h"

#define PEEK 65536

struct import {
	struct fp_store *store;
	const char *project_id, *root, *who;
	struct fp_import *sum;
	fp_imported_each *each;
	void *arg;
	enum fp_status status; /* of the store */
};

static int is_named_deltafile(const char *path)
{
	return strcasestr(fp_path_base(path), "deltafile") != NULL;
}

/* "._name" is what a Macintosh puts beside a file. */
int fp_import_is_candidate(const char *path)
{
	return strncmp(fp_path_base(path), "._", 2) != 0 && (fp_path_has_suffix(path, ".json") || is_named_deltafile(path));
}

/* QField writes "deltas" first. */
static int begins_like_one(const char *path)
{
	char block[PEEK];
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, block, sizeof block);

	if (fd >= 0)
		close(fd);
	return n > 0 && memmem(block, (size_t)n, "\"deltas\"", 8) != NULL;
}

void fp_import_add(struct fp_import *to, const struct fp_import *from)
{
	to->taken += from->taken;
	to->faulty += from->faulty;
	to->passed += from->passed;
	to->links += from->links;
	to->deep += from->deep;
	to->accepted += from->accepted;
	to->known += from->known;
	to->differing += from->differing;
}

static void tell(struct import *m, const char *path, const char *project, const char *reason, const struct fp_push_result *r)
{
	struct fp_imported f = {.path = path, .project = project, .reason = reason, .kept = r->file != 0, .result = r};

	m->sum->taken += !*reason;
	m->sum->faulty += *reason != '\0';
	m->sum->accepted += r->accepted;
	m->sum->known += r->known;
	m->sum->differing += r->differing;
	if (m->each)
		m->each(m->arg, &f);
}

static enum fp_status keep(struct import *m, const char *path, const struct fp_buf *text, struct fp_error *err)
{
	char id[FP_UUID_SIZE], project[FP_UUID_SIZE];
	struct fp_push_result r = {0};
	struct fp_error why = {0};
	enum fp_status st;

	if (!fp_deltafile_looks_like(text->data, text->len, id, project) && !is_named_deltafile(path)) {
		m->sum->passed++;
		return FP_OK;
	}
	st = fp_queue_keep(m->store, m->project_id, text->data, text->len, m->who, &r, &why);
	if (st == FP_OK || st == FP_E_INVALID) {
		tell(m, path, project, st == FP_OK ? "" : why.msg, &r);
		st = FP_OK;
	} else if (err) {
		*err = why;
	}
	fp_push_result_clear(&r);
	return st;
}

/* Whatever keeps a file from being read is that file's fault, not the import's. */
static enum fp_status look(struct import *m, const char *path, struct fp_error *err)
{
	static const struct fp_push_result nothing;
	struct fp_buf text = FP_BUF_INIT;
	struct fp_error why = {0};
	enum fp_status got = fp_fs_read(&text, path, FP_DELTAFILE_MAX, &why), st = FP_OK;

	if (got == FP_OK)
		st = keep(m, path, &text, err);
	else if (got == FP_E_FULL && !is_named_deltafile(path) && !begins_like_one(path))
		m->sum->passed++;
	else
		tell(m, path, "", why.msg, &nothing);
	fp_buf_free(&text);
	return st;
}

static enum fp_status each_file(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	struct import *m = arg;
	char *path;
	int depth = 0;

	(void)size;
	for (const char *p = name; *p; p++)
		depth += *p == '/';
	m->sum->links += !regular;
	m->sum->deep += regular && depth > FP_IMPORT_DEPTH && fp_import_is_candidate(name);
	if (!regular || depth > FP_IMPORT_DEPTH || !fp_import_is_candidate(name))
		return FP_OK;
	path = fp_path_join(m->root, name);
	m->status = look(m, path, err);
	free(path);
	return m->status;
}

enum fp_status fp_import_path(struct fp_store *s, const char *project_id, const char *path, const char *who, struct fp_import *sum,
	fp_imported_each *each, void *arg, struct fp_error *err)
{
	static const struct fp_push_result nothing;
	struct import m = {s, project_id, path, who, sum, each, arg, FP_OK};
	struct fp_error why = {0};
	struct stat sb;

	if (lstat(path, &sb) != 0)
		return fp_fail_errno(err, errno, "cannot read %s", path);
	if (S_ISREG(sb.st_mode))
		return look(&m, path, err);
	if (!S_ISDIR(sb.st_mode)) {
		sum->links++;
		return FP_OK;
	}
	if (fp_fs_walk(path, each_file, &m, &why) == FP_OK)
		return FP_OK;
	if (m.status != FP_OK) {
		if (err)
			*err = why;
		return m.status;
	}
	tell(&m, path, "", why.msg, &nothing);
	return FP_OK;
}
