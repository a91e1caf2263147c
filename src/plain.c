#include "src/plain.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/worker/job.h"

#define PROBE_LIMIT_S 20
#define SERVICES_MAX (32 << 10)

static enum fp_status make_work(struct fp_plain *p, const char *in, struct fp_error *err)
{
	char *scratch;
	enum fp_status st;

	p->work = fp_path_join(in, "fieldpost-XXXXXX");
	if (!mkdtemp(p->work)) {
		st = fp_fail_errno(err, errno, "cannot make a temporary folder %s", p->work);
		free(p->work);
		p->work = NULL;
		return st;
	}
	p->out = fp_path_join(p->work, "out");
	scratch = fp_path_join(p->work, "scratch");
	st = fp_fs_mkdirs(p->out, err);
	if (st == FP_OK)
		st = fp_fs_mkdirs(scratch, err);
	free(scratch);
	return st;
}

static const char *temporary(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp && *tmp ? tmp : "/tmp";
}

static void drop_work(struct fp_plain *p)
{
	if (p->work)
		fp_fs_remove_tree(p->work, NULL);
	free(p->work);
	free(p->out);
	p->work = p->out = NULL;
}

enum fp_status fp_plain_beside(struct fp_plain *p, const char *to, struct fp_error *err)
{
	char *dir = fp_path_dir(to);
	enum fp_status st;

	drop_work(p);
	st = make_work(p, dir, err);
	free(dir);
	return st;
}

json_t *fp_plain_network(const struct fp_invocation *inv)
{
	const char *allow = fp_opt(inv, "allow") ? fp_opt(inv, "allow") : getenv("FIELDPOST_NETWORK_ALLOW");

	return fp_opt(inv, "network") ? json_pack("{s:o}", "allow", fp_json_text(allow ? allow : "")) : NULL;
}

/* A folder in the place of a project: its project files are named. */
static enum fp_status is_folder(const char *path, struct fp_error *err)
{
	enum { NAMED = 5 };
	DIR *d = opendir(path);
	const struct dirent *e;
	struct fp_buf names = FP_BUF_INIT;
	int n = 0;

	fp_fail(err, FP_E_INVALID, "%s is a folder, not a project file", path);
	while (d && (e = readdir(d)))
		if ((fp_path_has_suffix(e->d_name, ".qgs") || fp_path_has_suffix(e->d_name, ".qgz")) && n++ < NAMED)
			fp_buf_addf(&names, "%s%s", names.len ? ", " : "", e->d_name);
	if (d)
		closedir(d);
	if (n)
		fp_error_hint(err, "name the project in it: %s%s", names.data, n > NAMED ? " and others" : "");
	else
		fp_error_hint(err, "there is no .qgs and no .qgz in it");
	fp_buf_free(&names);
	return FP_E_INVALID;
}

enum fp_status fp_plain_begin(struct fp_plain *p, const char *project, struct fp_error *err)
{
	char *dir = fp_path_dir(project);
	char real[PATH_MAX];
	struct stat sb;
	enum fp_status st;

	memset(p, 0, sizeof *p);
	if (stat(project, &sb) != 0) {
		st = fp_fail_errno(err, errno, "cannot open project %s", project);
		free(dir);
		return st;
	}
	if (S_ISDIR(sb.st_mode)) {
		free(dir);
		return is_folder(project, err);
	}
	if (!S_ISREG(sb.st_mode) || !realpath(dir, real)) {
		free(dir);
		return fp_fail(err, FP_E_INVALID, "%s is not a project file", project);
	}
	free(dir);
	p->folder = fp_strdup(real);
	p->file = fp_strdup(fp_path_base(project));
	p->project = fp_path_join(p->folder, p->file);
	return make_work(p, temporary(), err);
}

enum fp_status fp_plain_root(struct fp_plain *p, const char *root, struct fp_error *err)
{
	char real[PATH_MAX];
	size_t n;

	if (!realpath(root, real))
		return fp_fail_errno(err, errno, "cannot use folder %s", root);
	if (!fp_path_below(p->project, real))
		return fp_fail(err, FP_E_USAGE, "project %s does not lie in folder %s", p->project, root);
	n = strlen(real);
	free(p->folder);
	free(p->file);
	p->folder = fp_strdup(real);
	p->file = fp_strdup(p->project + n + (n > 1));
	return FP_OK;
}

enum fp_status fp_plain_services(struct fp_plain *p, struct fp_error *err)
{
	const char *path = getenv("PGSERVICEFILE");
	struct fp_buf b = FP_BUF_INIT;
	enum fp_status st = path ? fp_fs_read(&b, path, SERVICES_MAX, err) : FP_OK;

	p->pgservice = fp_buf_take(&b);
	return st;
}

static enum fp_status run_steps(struct fp_plain *p, const struct fp_invocation *inv, const char *type, json_t *steps, int64_t limit_s,
	json_t *options, const char *deltas, fp_worker_event *on, void *arg, struct fp_error *err)
{
	struct fp_worker_end end;
	char *scratch = fp_path_join(p->work, "scratch");
	json_t *d = json_pack("{s:i,s:i,s:s,s:o,s:o,s:o,s:s,s:s,s:s,s:o,s:{}}", "protocol", FP_PROTOCOL, "job", 0, "type", type,
		"steps", steps, "input", fp_json_text(p->folder), "project_file", fp_json_text(p->file),
		"output", p->out, "scratch", scratch, "deltas", deltas ? deltas : "", "options", options ? options : json_object(),
		"secrets");
	enum fp_status st;

	fp_assert(d);
	fp_worker_set_limits(d, &inv->config);
	if (p->network)
		json_object_set(d, "network", p->network);
	if (p->pgservice)
		json_object_set_new(d, "pgservice", fp_json_text(p->pgservice));
	st = fp_worker_run(d, limit_s * 1000, on, arg, &end, err);
	json_decref(d);
	free(scratch);
	return st;
}

enum fp_status fp_plain_run(struct fp_plain *p, const struct fp_invocation *inv, const char *type, int64_t limit_s, json_t *options,
	const char *deltas, fp_worker_event *on, void *arg, struct fp_error *err)
{
	json_t *workflow, *steps;
	enum fp_status st = fp_workflow_read(&workflow, type, err);

	if (st != FP_OK) {
		json_decref(options);
		return st;
	}
	steps = json_incref(json_object_get(workflow, "steps"));
	json_decref(workflow);
	return run_steps(p, inv, type, steps, limit_s, options, deltas, on, arg, err);
}

static void take_hello(void *arg, enum fp_event_kind kind, const json_t *body)
{
	if (kind == FP_EVENT_HELLO)
		json_object_update(arg, json_object_get(body, "sandbox"));
}

enum fp_status fp_plain_probe(json_t **sandbox, const struct fp_invocation *inv, struct fp_error *err)
{
	struct fp_plain p = {0};
	enum fp_status st = make_work(&p, temporary(), err);

	*sandbox = NULL;
	if (st == FP_OK) {
		p.folder = fp_strdup(p.out); /* nothing to read is needed */
		p.file = fp_strdup("none.qgs");
		*sandbox = json_object();
		st = run_steps(&p, inv, "process_projectfile", json_array(), PROBE_LIMIT_S, NULL, NULL, take_hello, *sandbox, err);
	}
	if (st != FP_OK) {
		json_decref(*sandbox);
		*sandbox = NULL;
	}
	fp_plain_end(&p);
	return st;
}

void fp_plain_end(struct fp_plain *p)
{
	drop_work(p);
	free(p->project);
	free(p->folder);
	free(p->file);
	json_decref(p->network);
	free(p->pgservice);
}
