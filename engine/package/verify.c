#include "engine/package/verify.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/base/text.h"

void fp_verify_say(const struct fp_verify *v, const char *fmt, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	v->each(v->arg, b.data);
	fp_buf_free(&b);
}

struct count {
	int64_t files, bytes;
	int projects;
};

/* What SQLite and QGIS leave behind when something was not closed: QField would read it, or choke on it. */
static int is_leftover(const char *name)
{
	static const char *const endings[] = {"-wal", "-shm", "-journal", "~", ".tmp", NULL};
	size_t n = strlen(name);

	for (const char *const *e = endings; *e; e++)
		if (n > strlen(*e) && strcmp(name + n - strlen(*e), *e) == 0)
			return 1;
	return 0;
}

static enum fp_status look_at_file(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	struct count *c = arg;

	if (!regular)
		return fp_fail(err, FP_E_INVALID, "the package holds \"%s\", which is no regular file", name);
	if (!strchr(name, '/')) { /* what belongs to the user in the folders below is the user's */
		if (is_leftover(name))
			return fp_fail(err, FP_E_INVALID, "the package holds \"%s\", a leftover", name);
		c->projects += fp_path_has_suffix(name, ".qgs") || fp_path_has_suffix(name, ".qgz");
	}
	c->files++;
	c->bytes += size;
	return FP_OK;
}

/* QField takes the first project file that it finds and deletes the others (1.4). */
static enum fp_status verify_folder(const struct fp_verify *v, struct fp_error *err)
{
	struct count c = {0};
	enum fp_status st = fp_fs_walk(v->p->output, look_at_file, &c, err);

	if (st == FP_OK && c.projects != 1)
		return fp_fail(err, FP_E_INVALID, "the package has %d project files, where QField needs exactly one", c.projects);
	if (st == FP_OK)
		fp_verify_say(v, "%lld file%s, %lld bytes; one project file; nothing left over.", (long long)c.files, fp_text_s(c.files), (long long)c.bytes);
	return st;
}

enum fp_status fp_package_verify(struct fp_package *p, void (*each)(void *arg, const char *sentence), void *arg, struct fp_error *err)
{
	struct fp_verify v = {p, each, arg};
	enum fp_status st = verify_folder(&v, err);

	if (st == FP_OK)
		st = fp_verify_data(&v, err);
	if (st == FP_OK)
		st = fp_verify_text(&v, err);
	return st;
}
