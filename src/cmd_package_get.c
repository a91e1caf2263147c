/* fieldpost package get: a package out of the home, whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/proc.h"
#include "engine/base/text.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"
#include "src/package_rows.h"

#define FILES_A_PAGE 200

struct copying {
	struct fp_store *s;
	const char *folder;  /* of the package */
	char *tmp;           /* beside the folder that was asked for */
	int64_t job, files, bytes;
	int signals;         /* descriptor that tells when somebody wants to stop it */
	mode_t mask;
	enum fp_status st;
	struct fp_error *err;
};

static enum fp_status stopped(const struct copying *c)
{
	struct signalfd_siginfo got;

	if (c->signals < 0 || read(c->signals, &got, sizeof got) != sizeof got)
		return FP_OK;
	return fp_fail(c->err, FP_E_CANCELLED, "interrupted by signal %u; nothing was left behind", got.ssi_signo);
}

/* What goes out is what was published, or it does not go out. */
static enum fp_status copy(const struct copying *c, const struct fp_package_file_row *f)
{
	char *from = fp_path_join(c->folder, f->name), *to = fp_path_join(c->tmp, f->name), *dir = fp_path_dir(to);
	struct fp_digest d = {0};
	enum fp_status st = fp_fs_mkdirs(dir, c->err);

	if (st == FP_OK)
		st = fp_fs_copy(from, to, c->err);
	if (st == FP_OK)
		st = fp_fs_digest(&d, to, c->err);
	if (st == FP_OK && strcmp(d.sha256, f->sha256) != 0) {
		st = fp_fail(c->err, FP_E_CORRUPT, "\"%s\" of package %lld is damaged in the home", f->name, (long long)c->job);
		fp_error_hint(c->err, "remove that file from the folder that package show names, then package the project again");
	}
	if (st == FP_OK && chmod(to, 0666 & ~c->mask) != 0)
		st = fp_fail_errno(c->err, errno, "cannot write %s", to);
	free(from);
	free(to);
	free(dir);
	return st;
}

static void each_file(void *arg, const struct fp_package_file_row *f)
{
	struct copying *c = arg;

	if (c->st == FP_OK)
		c->st = stopped(c);
	if (c->st == FP_OK)
		c->st = copy(c, f);
	c->files++;
	c->bytes += f->size;
}

/* A page at a time: a list that is read for minutes would keep the store's log from being written back. */
static enum fp_status copy_all(struct copying *c)
{
	int64_t before = -1;
	enum fp_status st = FP_OK;

	while (st == FP_OK && c->st == FP_OK && c->files != before) {
		before = c->files;
		st = fp_package_files(c->s, c->job, before, FILES_A_PAGE, each_file, c, c->err);
	}
	return st == FP_OK ? c->st : st;
}

static enum fp_status is_free(const char *dir, struct fp_error *err)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	enum fp_status st = FP_OK;

	if (!d)
		return errno == ENOENT ? FP_OK : fp_fail_errno(err, errno, "cannot use %s", dir);
	while (st == FP_OK && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			st = fp_fail(err, FP_E_EXISTS, "%s exists and is not empty", dir);
	closedir(d);
	if (st != FP_OK)
		fp_error_hint(err, "name a folder that is new or empty: -o DIR");
	return st;
}

static enum fp_status bring(struct copying *c, const char *dir)
{
	static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
	sigset_t before;
	enum fp_status st = fp_fs_mkdirs(c->tmp, c->err);

	c->mask = umask(077);
	umask(c->mask);
	c->signals = fp_signals_begin(&before, watched, sizeof watched / sizeof *watched);
	if (st == FP_OK)
		st = copy_all(c);
	if (st == FP_OK && (chmod(c->tmp, 0777 & ~c->mask) != 0 || rename(c->tmp, dir) != 0)) /* over an empty folder, too */
		st = fp_fail_errno(c->err, errno, "cannot put the package into %s", dir);
	if (st != FP_OK)
		fp_fs_remove_tree(c->tmp, NULL);
	if (c->signals >= 0)
		fp_signals_end(c->signals, &before);
	return st;
}

static enum fp_status copy_out(struct fp_invocation *inv, const json_t *row, const char *dir, struct fp_error *err)
{
	struct copying c = {.s = inv->store, .folder = fp_json_str(row, "folder"), .job = fp_json_int(row, "id", 0), .err = err};
	char size[FP_COUNT_SIZE];
	json_t *answer;
	int hold;
	enum fp_status st = is_free(dir, err);

	if (st == FP_OK)
		st = fp_package_hold(inv->store, c.job, &hold, err);
	if (st != FP_OK)
		return st;
	c.tmp = fp_asprintf("%s.%ld.fieldpost-new", dir, (long)getpid());
	st = bring(&c, dir);
	fp_package_release(hold);
	free(c.tmp);
	if (st == FP_OK) {
		answer = json_pack("{s:I,s:I,s:I}", "package", (json_int_t)c.job, "files", (json_int_t)c.files, "size", (json_int_t)c.bytes);
		fp_row_text(answer, "output", dir);
		fp_outcome_print(inv, answer, "Wrote package %lld into %s: %lld files, %s.", (long long)c.job, dir, (long long)c.files,
			fp_text_bytes(size, c.bytes));
	}
	return st;
}

/* "trees", "trees-12": where it goes when nobody says. */
static char *default_dir(const json_t *row)
{
	return fp_asprintf("%s-%lld", fp_json_str(row, "project"), (long long)fp_json_int(row, "id", 0));
}

/* Without the slashes at its end, so that something can lie beside it. */
static char *plain_dir(const char *text)
{
	size_t n = strlen(text);

	while (n > 1 && text[n - 1] == '/')
		n--;
	return fp_strndup(text, n);
}

static enum fp_status print_manifest(const struct fp_invocation *inv, json_t *row, struct fp_error *err)
{
	json_t *files = json_array();
	enum fp_status st = fp_package_add_files(files, inv->store, fp_json_int(row, "id", 0), err);

	if (st == FP_OK)
		fp_print_json(json_pack("{s:O,s:O,s:O,s:O}", "package", json_object_get(row, "id"), "packaged_at", json_object_get(row, "packaged_at"), "basis_at",
			json_object_get(row, "basis_at"), "files", files));
	json_decref(files);
	return st;
}

static enum fp_status get(struct fp_invocation *inv, struct fp_error *err)
{
	const char *to = fp_opt(inv, "output"), *package = fp_opt(inv, "package");
	char id[FP_UUID_SIZE], *dir = NULL;
	json_t *row = NULL;
	int64_t job = 0;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK && to && (fp_opt(inv, "manifest") || !*to))
		st = fp_fail(err, FP_E_USAGE, *to ? "--manifest prints, it writes no folder: leave out -o" : "-o needs the name of a folder");
	if (st == FP_OK && package)
		st = fp_parse_number(&job, package, "--package", err);
	if (st == FP_OK)
		st = fp_package_get(inv->store, id, job, fp_package_take_row, &row, err);
	if (st == FP_OK && fp_opt(inv, "manifest")) {
		st = print_manifest(inv, row, err);
	} else if (st == FP_OK) {
		dir = to ? plain_dir(to) : default_dir(row);
		st = copy_out(inv, row, dir, err);
	}
	free(dir);
	json_decref(row);
	return st;
}

const struct fp_command fp_cmd_package_get = {
	.name = "package get", .args = "NAME", .min_args = 1, .max_args = 1, .flags = FP_CMD_HOME, .run = get,
	.help = "Copy a package out of the home, into a folder that is new or empty, whole or not at all.",
	.options = {{"package", "PACKAGE", "another than the newest, by its job"}, {"output", "DIR", "where to (-o; default: NAME-PACKAGE, here)"},
		{"manifest", NULL, "print its files with size, SHA-256 and ETag as JSON, and copy nothing"}},
};
