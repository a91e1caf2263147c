#include "engine/store/stage.h"

#include <fcntl.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/store/db.h"

#define BASE_BYTES_MAX 80

/* "projects/<id>/files/<32 hex digits>-trees.gpkg" */
static char *folder_of(const char *project_id, const char *name)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[33];
	const char *base = fp_path_base(name);
	size_t n = strlen(base);

	crypto_hash_sha256(hash, (const unsigned char *)name, strlen(name));
	sodium_bin2hex(hex, sizeof hex, hash, 16);
	if (n > BASE_BYTES_MAX)
		n = fp_text_floor(base, BASE_BYTES_MAX);
	return fp_asprintf("projects/%s/files/%s-%.*s", project_id, hex, (int)n, base);
}

enum fp_status fp_stage_place(struct fp_store *s, struct fp_stage *g, const char *project_id, const char *name, struct fp_error *err)
{
	char *below, *dir, *parent, uuid[FP_UUID_SIZE];
	struct stat sb;
	enum fp_status st;

	memset(g, 0, sizeof *g);
	st = fp_name_check(name, err);
	if (st != FP_OK)
		return st;
	fp_assert(strlen(project_id) == 36);
	below = folder_of(project_id, name);
	dir = fp_path_join(s->home, below);
	if (stat(dir, &sb) != 0) {
		parent = fp_path_dir(dir);
		st = fp_fs_mkdirs(dir, err);
		if (st == FP_OK)
			st = fp_fs_sync_dir(parent, err);
		free(parent);
	}
	if (st == FP_OK) {
		g->name = fp_strdup(name);
		g->tmp = fp_asprintf("%s/.%s.tmp", dir, fp_uuid_new(uuid));
	}
	free(below);
	free(dir);
	return st;
}

enum fp_status fp_stage_copy(struct fp_store *s, struct fp_stage *g, const char *project_id, const char *name, const char *local_path,
	struct fp_error *err)
{
	enum fp_status st = fp_stage_place(s, g, project_id, name, err);

	if (st == FP_OK)
		st = fp_fs_copy(local_path, g->tmp, err);
	if (st == FP_OK)
		st = fp_fs_digest(&g->digest, g->tmp, err);
	if (st == FP_OK) /* the slow half of the fsync, before the gate */
		st = fp_fs_sync(g->tmp, err);
	if (st != FP_OK)
		fp_stage_clear(g);
	return st;
}

struct current {
	int64_t id, version, newest;
	int removed, found;
	char *sha256;
};

static enum fp_status find_current(struct fp_store *s, struct current *c, const char *project_id, const char *name, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row;
	enum fp_status rc;

	memset(c, 0, sizeof *c);
	rc = fp_db_stmt(s, &st, err,
		"SELECT f.id, f.version, f.removed, v.sha256, (SELECT max(version) FROM file_version WHERE file_id = f.id) "
		"FROM file f JOIN file_version v ON v.file_id = f.id AND v.version = f.version WHERE f.project_id = ? AND f.name = ?",
		FP_VALS(fp_t(project_id), fp_t(name)));
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(s, st, &row, err);
	if (rc == FP_OK && row) {
		c->found = 1;
		c->id = sqlite3_column_int64(st, 0);
		c->version = sqlite3_column_int64(st, 1);
		c->removed = sqlite3_column_int(st, 2);
		c->sha256 = fp_strdup(fp_db_text(st, 3));
		c->newest = sqlite3_column_int64(st, 4);
	}
	fp_db_end(s, st);
	return rc;
}

static enum fp_status check_base(const struct current *c, int64_t base, const char *name, struct fp_error *err)
{
	if (base == FP_BASE_ANY || base == (c->removed ? 0 : c->version))
		return FP_OK;
	return fp_fail(err, FP_E_CONFLICT, "%s was %s meanwhile", name, c->removed || !c->found ? "removed" : "replaced");
}

static enum fp_status write_row(struct fp_store *s, const struct fp_stage *g, struct current *c, const char *project_id, int64_t version,
	const char *path, const char *by, struct fp_error *err)
{
	const struct fp_digest *d = &g->digest;
	enum fp_status st;

	if (!c->found) {
		st = fp_db_run(s, err, "INSERT INTO file (project_id, name, version, size) VALUES (?, ?, ?, ?)",
			FP_VALS(fp_t(project_id), fp_t(g->name), fp_i(version), fp_i(d->size)));
		c->id = fp_db_last_id(s);
	} else {
		st = fp_db_run(s, err, "UPDATE file SET version = ?, size = ?, removed = 0 WHERE id = ?",
			FP_VALS(fp_i(version), fp_i(d->size), fp_i(c->id)));
	}
	if (st == FP_OK)
		st = fp_db_run(s, err, "INSERT INTO file_version (file_id, version, size, sha256, md5, etag, at, by, path) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			FP_VALS(fp_i(c->id), fp_i(version), fp_i(d->size), fp_t(d->sha256), fp_t(d->md5), fp_t(d->etag), fp_i(fp_now_ms()), fp_t(by),
				fp_t(path)));
	return st;
}

enum fp_status fp_stage_publish(struct fp_store *s, struct fp_stage *g, const char *project_id, int64_t base, const char *by,
	int64_t *version, int *changed, struct fp_error *err)
{
	struct current c;
	char *folder = NULL, *path = NULL, *to = NULL;
	enum fp_status st = find_current(s, &c, project_id, g->name, err);

	fp_assert(s->depth > 0 && g->tmp);
	if (st == FP_OK)
		st = check_base(&c, base, g->name, err);
	if (st != FP_OK)
		goto out;
	*changed = !c.found || c.removed || strcmp(c.sha256, g->digest.sha256) != 0;
	*version = *changed ? c.newest + 1 : c.version;
	if (!*changed)
		goto out;
	folder = folder_of(project_id, g->name);
	path = fp_asprintf("%s/%lld", folder, (long long)*version);
	to = fp_path_join(s->home, path);
	if (chmod(g->tmp, 0400) != 0)
		st = fp_fail_errno(err, errno, "cannot protect %s", g->tmp);
	if (st == FP_OK) /* over what a crash may have left there: no row names it */
		st = fp_fs_publish(g->tmp, to, err);
	if (st == FP_OK) {
		free(g->tmp);
		g->tmp = NULL;
		st = write_row(s, g, &c, project_id, *version, path, by, err);
	}
out:
	free(c.sha256);
	free(folder);
	free(path);
	free(to);
	return st;
}

void fp_stage_clear(struct fp_stage *g)
{
	if (g->tmp)
		unlink(g->tmp);
	free(g->tmp);
	free(g->name);
	memset(g, 0, sizeof *g);
}

/* The first at the root, else wherever it lies highest; hidden ones are nobody's project. Upper-case .QGS is none, as in QFieldCloud. */
enum fp_status fp_project_file_choose(struct fp_store *s, const char *project_id, struct fp_error *err)
{
	return fp_db_run(s, err,
		"WITH best(name) AS (SELECT coalesce((SELECT name FROM file WHERE project_id = ?1 AND removed = 0 "
		"AND (name GLOB '*.qgs' OR name GLOB '*.qgz') AND name NOT GLOB '.*' AND name NOT GLOB '*/.*' "
		"ORDER BY length(name) - length(replace(name, '/', '')), name LIMIT 1), '')) "
		"UPDATE project SET project_file = (SELECT name FROM best) WHERE id = ?1 AND project_file <> (SELECT name FROM best)",
		FP_VALS(fp_t(project_id)));
}
