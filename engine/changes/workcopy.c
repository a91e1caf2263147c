#include "engine/changes/workcopy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/quiet.h"

#define SHAPE_PARTS {".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".qpj", ".idm", ".ind", ".cst"}

/* By the extension of the file: extensions that stand in its place. */
static const struct companions {
	const char *of;
	const char *extensions[16];
} table[] = {
	{".shp", SHAPE_PARTS},
	{".dbf", SHAPE_PARTS},
	{".tab", {".tab", ".dat", ".map", ".id", ".ind", ".cpg"}},
	{".mif", {".mid"}},
	{".csv", {".csvt", ".prj"}},
};

/* What SQLite keeps beside a database, whatever that is called. */
static const char *const journals[] = {"-wal", "-journal", NULL};

static const struct companions *companions_of(const char *name)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (fp_path_has_suffix(name, table[i].of))
			return &table[i];
	return NULL;
}

int fp_workcopy_has_companions(const char *name)
{
	return companions_of(name) != NULL;
}

/* ENTRY is a journal of a file called BASE. */
static int is_journal(const char *entry, const char *base)
{
	size_t n = strlen(base);

	for (const char *const *t = journals; *t; t++)
		if (strncmp(entry, base, n) == 0 && strcmp(entry + n, *t) == 0)
			return 1;
	return 0;
}

static int belongs(const char *entry, const char *base)
{
	const struct companions *c = companions_of(base);
	size_t stem = c ? strlen(base) - strlen(c->of) : 0;

	if (strcmp(entry, base) == 0 || is_journal(entry, base))
		return 1;
	for (const char *const *e = c ? c->extensions : NULL; e && *e; e++)
		if (strncmp(entry, base, stem) == 0 && strcasecmp(entry + stem, *e) == 0)
			return 1;
	return 0;
}

/* The names (within ROOT) of NAME and its companions that are there. */
static enum fp_status list(struct fp_strv *out, const char *root, const char *name, struct fp_error *err)
{
	const char *base = fp_path_base(name);
	char *prefix = fp_strndup(name, (size_t)(base - name)), *full = fp_path_join(root, name), *dir = fp_path_dir(full);
	DIR *d = opendir(dir);
	struct dirent *e;
	enum fp_status st = FP_OK;

	if (!d)
		st = fp_fail_errno(err, errno, "cannot read folder %s", dir);
	while (d && (e = readdir(d)))
		if (belongs(e->d_name, base))
			fp_strv_take(out, fp_asprintf("%s%s", prefix, e->d_name));
	if (d)
		closedir(d);
	free(prefix);
	free(full);
	free(dir);
	return st;
}

enum fp_status fp_workcopy_make(const char *input, const char *output, const char *name, struct fp_error *err)
{
	struct fp_strv names = {0};
	char *from = fp_path_join(input, name), *to = fp_path_join(output, name), *dir = fp_path_dir(to);
	struct fp_quiet quiet;
	enum fp_status st = fp_quiet_hold(&quiet, from, err);

	if (st == FP_OK)
		st = list(&names, input, name, err);
	if (st == FP_OK && !fp_strv_has(&names, name))
		st = fp_fail(err, FP_E_NOTFOUND, "File \"%s\" missing.", name);
	if (st == FP_OK)
		st = fp_fs_mkdirs(dir, err);
	for (size_t i = 0; st == FP_OK && i < names.n; i++) {
		char *a = fp_path_join(input, names.items[i]), *b = fp_path_join(output, names.items[i]);
		st = fp_fs_copy(a, b, err);
		free(a);
		free(b);
	}
	fp_quiet_release(&quiet);
	fp_strv_free(&names);
	free(from);
	free(to);
	free(dir);
	return st;
}

/* 1 same bytes, 0 not (or one of them is missing). */
static int same_content(const char *a, const char *b)
{
	FILE *x = fopen(a, "re"), *y = fopen(b, "re");
	static char p[65536], q[65536];
	int same = x && y;

	while (same) {
		size_t n = fread(p, 1, sizeof p, x), m = fread(q, 1, sizeof q, y);
		same = n == m && memcmp(p, q, n) == 0 && !ferror(x) && !ferror(y);
		if (n == 0)
			break;
	}
	if (x)
		fclose(x);
	if (y)
		fclose(y);
	return same;
}

static enum fp_status empty_journals(const char *input, const char *output, const char *name, struct fp_error *err)
{
	struct fp_strv names = {0};
	enum fp_status st = list(&names, input, name, err);

	for (size_t i = 0; st == FP_OK && i < names.n; i++) {
		char *path = fp_path_join(output, names.items[i]);
		int fd = is_journal(names.items[i], name) ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -2;

		if (fd == -1)
			st = fp_fail_errno(err, errno, "cannot create %s", path);
		if (fd >= 0)
			close(fd);
		free(path);
	}
	fp_strv_free(&names);
	return st;
}

enum fp_status fp_workcopy_publish(const char *input, const char *output, const char *name, fp_workcopy_each *each, void *arg, struct fp_error *err)
{
	struct fp_strv names = {0};
	enum fp_status st = empty_journals(input, output, name, err);

	if (st == FP_OK)
		st = list(&names, output, name, err);
	for (size_t i = 0; st == FP_OK && i < names.n; i++) {
		char *was = fp_path_join(input, names.items[i]), *is = fp_path_join(output, names.items[i]);

		if (!same_content(was, is))
			each(arg, names.items[i]);
		else if (unlink(is) != 0)
			st = fp_fail_errno(err, errno, "cannot remove %s", is);
		free(was);
		free(is);
	}
	fp_strv_free(&names);
	return st;
}

enum fp_status fp_workcopy_drop(const char *output, const char *name, struct fp_error *err)
{
	struct fp_strv names = {0};
	enum fp_status st = list(&names, output, name, err);

	for (size_t i = 0; st == FP_OK && i < names.n; i++) {
		char *path = fp_path_join(output, names.items[i]);
		if (unlink(path) != 0 && errno != ENOENT)
			st = fp_fail_errno(err, errno, "cannot remove %s", path);
		free(path);
	}
	fp_strv_free(&names);
	return st;
}
