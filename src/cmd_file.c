/* fieldpost file ...: the files of a project and their versions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/queue/queue.h"
#include "engine/store/files.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"

static void add_row(void *arg, const struct fp_file_row *r)
{
	json_t *o = json_object();

	fp_row_text(o, "name", r->name);
	fp_row_int(o, "version", r->version);
	fp_row_int(o, "versions", r->versions);
	fp_row_int(o, "size", r->digest.size);
	fp_row_text(o, "sha256", r->digest.sha256);
	fp_row_text(o, "md5sum", r->digest.md5);
	fp_row_time(o, "created_at", r->at);
	fp_row_text(o, "created_by", r->by);
	json_array_append_new(arg, o);
}

static const struct fp_column list_columns[] = {
	{"Name", "name", FP_CELL_TEXT}, {"Size", "size", FP_CELL_BYTES}, {"Version", "version", FP_CELL_TEXT},
	{"Kept", "versions", FP_CELL_TEXT}, {"When", "created_at", FP_CELL_TIME}, {"Who", "created_by", FP_CELL_TEXT},
	{"SHA-256", "sha256", FP_CELL_TEXT}, {0},
};

static enum fp_status fetch(struct fp_store *s, const struct fp_query *q, int64_t limit, json_t *rows, struct fp_error *err)
{
	return fp_file_list(s, q, 0, limit, add_row, rows, err);
}

static enum fp_status list(struct fp_invocation *inv, struct fp_error *err)
{
	return fp_list_print(inv, &(struct fp_listing){fetch, 1, "files", "file", NULL, list_columns}, err);
}

const struct fp_command fp_cmd_file_list = {
	.name = "file list", .args = "NAME [FILTER...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME, .run = list,
	.help = "List the files of a project.",
	.options = {FP_LIST_OPTIONS},
};

static const struct fp_column version_columns[] = {
	{"Version", "version", FP_CELL_TEXT}, {"Size", "size", FP_CELL_BYTES}, {"When", "created_at", FP_CELL_TIME},
	{"Who", "created_by", FP_CELL_TEXT}, {"SHA-256", "sha256", FP_CELL_TEXT}, {0},
};

static enum fp_status versions(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	json_t *rows = json_array();
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK)
		st = fp_file_versions(inv->store, id, inv->argv[1], add_row, rows, err);
	if (st != FP_OK)
		json_decref(rows);
	else
		fp_print_rows(inv, "versions", rows, version_columns, "version");
	return st;
}

const struct fp_command fp_cmd_file_versions = {
	.name = "file versions", .args = "NAME FILE", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME, .run = versions,
	.help = "List the versions of a file, newest first.",
};

static int climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == '/' || !p[2]))
			return 1;
	return 0;
}

/* The name in the project: a path below the working folder keeps its folders, any other gives its last part. */
static char *name_of(const char *path)
{
	char *rooted, *folded, *name;

	if (path[0] == '/' || climbs(path))
		return fp_strdup(fp_path_base(path));
	rooted = fp_asprintf("/%s", path);
	folded = fp_path_fold(rooted); /* takes "./" and "//" out */
	name = fp_strdup(folded + 1);
	free(rooted);
	free(folded);
	return name;
}

static enum fp_status name_all(const struct fp_invocation *inv, struct fp_strv *names, struct fp_error *err)
{
	const char *as = fp_opt(inv, "as");

	if (as && inv->argc != 2)
		return fp_fail(err, FP_E_USAGE, "--as names one file, %d were given", inv->argc - 1);
	for (int i = 1; i < inv->argc; i++) {
		char *name = as ? fp_strdup(as) : name_of(inv->argv[i]);
		enum fp_status st = fp_name_check(name, err);
		if (st == FP_OK && fp_strv_has(names, name))
			st = fp_fail(err, FP_E_USAGE, "two of these files would both be \"%s\" in the project", name);
		if (st == FP_OK && fp_name_hidden(name))
			st = fp_fail(err, FP_E_REFUSED, "\"%s\" is hidden (a leading dot), and jobs stumble over hidden files", name);
		fp_strv_take(names, name);
		if (st != FP_OK)
			return st;
	}
	return FP_OK;
}

static enum fp_status put(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	struct fp_strv names = {0};
	struct fp_trigger t;
	json_t *answer, *files;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK)
		st = name_all(inv, &names, err);
	if (st == FP_OK)
		st = fp_confirm(inv, err, "Put %zu file%s into project \"%s\"?", names.n, fp_text_s((int64_t)names.n), inv->argv[0]);
	if (st == FP_OK)
		st = fp_queue_upload(inv->store, &t, id, (const char *const *)names.items, (const char *const *)(inv->argv + 1), names.n, fp_who(), err);
	if (st == FP_OK) {
		files = json_array();
		for (size_t i = 0; i < names.n; i++)
			json_array_append_new(files, json_string(names.items[i]));
		answer = json_pack("{s:o}", "files", files);
		fp_outcome_job(answer, &t);
		fp_outcome_print(inv, answer, "Put %zu file%s.", names.n, fp_text_s((int64_t)names.n));
	}
	fp_strv_free(&names);
	return st;
}

const struct fp_command fp_cmd_file_put = {
	.name = "file put", .args = "NAME PATH...", .min_args = 2, .max_args = -1, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = put,
	.help = "Put files into a project, all or none. A path below the working folder keeps its folders in the project.",
	.options = {{"as", "FILE", "the one file's name in the project"}},
};

static void take_path(void *arg, const struct fp_file_row *r)
{
	*(char **)arg = fp_strdup(r->path);
}

static enum fp_status parse_version(int64_t *version, const struct fp_invocation *inv, struct fp_error *err)
{
	const char *text = fp_opt(inv, "version");

	*version = 0;
	return text ? fp_parse_number(version, text, "--version", err) : FP_OK;
}

/* Beside its place first: a failure leaves nothing half-written. */
static enum fp_status deliver(const char *from, const char *to, struct fp_error *err)
{
	char *tmp = fp_asprintf("%s.%ld.fieldpost-new", to, (long)getpid());
	mode_t mask = umask(077);
	enum fp_status st;

	umask(mask);
	unlink(tmp);
	st = fp_fs_copy(from, tmp, err);
	if (st == FP_OK && chmod(tmp, 0666 & ~mask) != 0)
		st = fp_fail_errno(err, errno, "cannot write %s", tmp);
	if (st == FP_OK)
		st = fp_fs_publish(tmp, to, err);
	if (st != FP_OK)
		unlink(tmp);
	free(tmp);
	return st;
}

static enum fp_status get(struct fp_invocation *inv, struct fp_error *err)
{
	const char *to = fp_opt(inv, "output");
	char id[FP_UUID_SIZE], *from = NULL;
	struct stat sb;
	int64_t version;
	json_t *answer;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (!to)
		to = fp_path_base(inv->argv[1]);
	if (st == FP_OK)
		st = parse_version(&version, inv, err);
	if (st == FP_OK)
		st = fp_file_get(inv->store, id, inv->argv[1], version, take_path, &from, err);
	if (st == FP_OK && lstat(to, &sb) == 0)
		st = S_ISREG(sb.st_mode) ? fp_confirm(inv, err, "Replace %s?", to) : fp_fail(err, FP_E_EXISTS, "%s exists and is no regular file", to);
	if (st == FP_OK)
		st = deliver(from, to, err);
	if (st == FP_OK) {
		answer = json_object();
		fp_row_text(answer, "file", inv->argv[1]);
		fp_row_text(answer, "output", to);
		fp_outcome_print(inv, answer, "Wrote %s.", to);
	}
	free(from);
	return st;
}

const struct fp_command fp_cmd_file_get = {
	.name = "file get", .args = "NAME FILE", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME, .run = get,
	.help = "Copy a file out of a project; asks before it replaces one.",
	.options = {{"version", "V", "an older version"}, {"output", "OUT", "where to (-o; default: the file's name, here)"}},
};

static enum fp_status restore(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	struct fp_trigger t;
	int64_t version = 0;
	json_t *answer;
	enum fp_status st = fp_parse_number(&version, inv->argv[2], "a version", err);

	if (st == FP_OK)
		st = fp_project_find(inv->store, id, inv->argv[0], err);
	if (st == FP_OK)
		st = fp_confirm(inv, err, "Make version %lld of \"%s\" the current one again?", (long long)version, inv->argv[1]);
	if (st == FP_OK)
		st = fp_queue_restore(inv->store, &t, id, inv->argv[1], version, fp_who(), NULL, err);
	if (st == FP_OK) {
		answer = json_pack("{s:I}", "version", (json_int_t)version);
		fp_outcome_job(answer, &t);
		fp_outcome_print(inv, answer, "Version %lld is current again, as a new version.", (long long)version);
	}
	return st;
}

const struct fp_command fp_cmd_file_restore = {
	.name = "file restore", .args = "NAME FILE VERSION", .min_args = 3, .max_args = 3, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = restore,
	.help = "Make an old version of a file the current one again (as a new version).",
};

static enum fp_status rm(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	struct fp_trigger t;
	json_t *answer;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK)
		st = fp_confirm(inv, err, "Remove \"%s\" from project \"%s\"? Its versions are kept.", inv->argv[1], inv->argv[0]);
	if (st == FP_OK)
		st = fp_queue_remove(inv->store, &t, id, inv->argv[1], fp_who(), err);
	if (st == FP_OK) {
		answer = json_object();
		fp_row_text(answer, "file", inv->argv[1]);
		fp_outcome_job(answer, &t);
		fp_outcome_print(inv, answer, "Removed \"%s\"; \"file restore\" brings a version of it back.", inv->argv[1]);
	}
	return st;
}

const struct fp_command fp_cmd_file_rm = {
	.name = "file rm", .args = "NAME FILE", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = rm,
	.help = "Remove a file from a project; its versions are kept.",
};
