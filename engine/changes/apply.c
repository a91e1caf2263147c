#include "engine/changes/apply.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/failpoint.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/changes/candidates.h"
#include "engine/changes/change.h"
#include "engine/changes/deltafile.h"
#include "engine/changes/layer_source.h"
#include "engine/changes/target_pg.h"
#include "engine/changes/workcopy.h"
#include "engine/layers/gate.h"
#include "engine/project/source.h"

/* A layer that some change named: its target, or why it has none. */
struct layer {
	char *id;
	const struct fp_layer_def *def;
	struct fp_target *target;
	char *fault;
};

/* A file or database that some layer lies in: open, or why not. */
struct file {
	char *name;           /* of a database: what tells its connection from others */
	struct fp_file *open;
	char *fault;
	int connection;       /* number of a database, -1: a file */
};

struct fp_apply {
	const struct fp_project *project;
	const struct fp_apply_options *options;
	struct layer *layers;
	size_t n_layers, cap_layers;
	struct file *files;
	size_t n_files, cap_files;
	json_t *made; /* client, layer and local key of every feature that this session made: its key in the source (O6) */
	json_t *open; /* plan: of every feature that an earlier change was to have changed and does not, by its names: that change's uuid */
	struct fp_candidates *candidates; /* plan: whose features are missing */
};

void fp_apply_new(struct fp_apply **out, const struct fp_project *project, const struct fp_apply_options *options)
{
	struct fp_apply *a = fp_alloc(sizeof *a);

	a->project = project;
	a->options = options;
	a->made = json_object();
	a->open = json_object();
	fp_candidates_new(&a->candidates);
	*out = a;
}

/* ---- opening ---- */

static enum fp_status open_copy(struct fp_apply *a, struct file *file, struct fp_error *err)
{
	char *path = fp_path_join(a->options->output, file->name);
	enum fp_status st = fp_workcopy_make(a->options->input, a->options->output, file->name, err);

	if (st == FP_OK)
		st = fp_sqlfile_is(path) ? fp_sqlfile_open(&file->open, path, err) : fp_ogr_open(&file->open, path, err);
	if (st == FP_OK) {
		file->open->name = fp_strdup(file->name);
	} else if (st != FP_E_FULL) { /* a full disk is the job's fault, everything else that of the file */
		struct fp_error why = *err;
		st = fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: %s", why.msg);
	}
	free(path);
	return st;
}

static enum fp_status get_file(struct fp_apply *a, struct fp_file **out, const char *name, struct fp_error *err)
{
	struct file *f;
	enum fp_status st = FP_OK;
	size_t i;

	for (i = 0; i < a->n_files; i++)
		if (strcmp(a->files[i].name, name) == 0)
			break;
	if (i == a->n_files) {
		FP_GROW(a->files, a->n_files, a->cap_files);
		a->files[a->n_files++] = (struct file){.name = fp_strdup(name), .connection = -1};
		f = &a->files[i];
		st = open_copy(a, f, err);
		if (st == FP_E_REFUSED) {
			f->fault = fp_strdup(err->msg);
			fp_workcopy_drop(a->options->output, name, err);
		} else if (st != FP_OK) {
			return st;
		}
	}
	f = &a->files[i];
	if (f->fault)
		return fp_fail(err, FP_E_REFUSED, "%s", f->fault);
	*out = f->open;
	return FP_OK;
}

/* The name within the project of the file that S means. FP_E_REFUSED: not one of the project's own files. */
static enum fp_status name_file(struct fp_apply *a, char **name, const struct fp_ogr_source *s, struct fp_error *err)
{
	static const char *const words[] = {
		[FP_GATE_PASS] = "", [FP_GATE_MISSING] = "its file is missing", [FP_GATE_OUTSIDE] = "its file lies outside the project",
		[FP_GATE_NETWORK] = "its source is an address", [FP_GATE_DATABASE] = "its source is a database",
		[FP_GATE_INLINE] = "its source is no file", [FP_GATE_QGIS] = "its file comes with QGIS",
		[FP_GATE_ATTACHED] = "its file is attached to the project file", [FP_GATE_SPECIAL] = "its source is no regular file",
	};
	char *real = NULL, root[PATH_MAX];
	enum fp_gate gate = fp_gate(&real, a->options->input, s->path);
	struct stat sb;

	if (*s->vsi)
		gate = FP_GATE_INLINE;
	if (gate == FP_GATE_PASS && (!realpath(a->options->input, root) || strlen(real) <= strlen(root)))
		gate = FP_GATE_SPECIAL;
	if (gate == FP_GATE_PASS && stat(real, &sb) == 0 && S_ISDIR(sb.st_mode)) {
		free(real);
		return fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: a folder of files (a file geodatabase) can only be read");
	}
	if (gate == FP_GATE_PASS)
		*name = fp_strdup(real + strlen(root) + 1);
	free(real);
	return gate == FP_GATE_PASS ? FP_OK : fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: %s", words[gate]);
}

static enum fp_status open_source(struct fp_apply *a, struct layer *l, const struct fp_ogr_source *s, struct fp_error *err)
{
	struct fp_file *file = NULL;
	char *name = NULL;
	enum fp_status st = name_file(a, &name, s, err);

	if (st == FP_OK)
		st = get_file(a, &file, name, err);
	if (st == FP_OK)
		st = file->ops->open_layer(file, &l->target, s->layername, s->layerid, s->subset, err);
	free(name);
	return st;
}

/* Who cannot be written, and why, in the reference's words where it has some (O7). */
static enum fp_status check_kind(const struct fp_layer_def *l, struct fp_error *err)
{
	static const struct { const char *provider, *reason; } never[] = {
		{"memory", "Cannot start editing layer: a memory layer is not stored in the project, the change would be lost"},
		{"virtual", "Cannot start editing layer: a virtual layer is a query and holds nothing of its own"},
		{"delimitedtext", "Cannot start editing layer: a delimited text layer can only be read"},
	};
	const char *provider = l->provider ? l->provider : "ogr";

	if (strcmp(l->type, "vector") != 0)
		return fp_fail(err, FP_E_REFUSED, "The layer \"%s\" is a %s layer: changes go to vector layers only", l->name, l->type);
	if (l->read_only)
		return fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: the project says that it is read-only");
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (strcmp(provider, never[i].provider) == 0)
			return fp_fail(err, FP_E_REFUSED, "%s", never[i].reason);
	if (strcmp(provider, "ogr") != 0 && strcmp(provider, "spatialite") != 0 && strcmp(provider, "postgres") != 0)
		return fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: layers of the data provider \"%s\" are not written yet", provider);
	return FP_OK;
}

/* ---- databases ---- */

/* The connection that L asks for. Layers that write it in different ways may mean the same one, and must share its transaction: else they would wait for
 * each other's rows. */
static enum fp_status get_database(struct fp_apply *a, struct fp_file **out, const struct layer *l, struct fp_error *err)
{
	char *name;
	struct fp_file *open = NULL;
	int n = 0;
	enum fp_status st = fp_pg_address(&name, l->def, err);

	if (st != FP_OK)
		return st;
	for (size_t i = 0; i < a->n_files; i++) {
		struct file *f = &a->files[i];
		n += f->connection >= 0;
		if (strcmp(f->name, name) != 0)
			continue;
		free(name);
		*out = f->open;
		return f->fault ? fp_fail(err, FP_E_REFUSED, "%s", f->fault) : FP_OK;
	}
	st = fp_pg_open(&open, l->def, a->options, err);
	for (size_t i = 0; open && i < a->n_files; i++) {
		if (a->files[i].connection < 0 || !a->files[i].open || !fp_pg_same(a->files[i].open, open))
			continue;
		open->ops->free(open);
		free(name);
		*out = a->files[i].open;
		return FP_OK;
	}
	FP_GROW(a->files, a->n_files, a->cap_files);
	a->files[a->n_files++] = (struct file){.name = name, .open = open, .fault = open ? NULL : fp_strdup(err->msg), .connection = n};
	*out = open;
	return st;
}

static enum fp_status open_database(struct fp_apply *a, struct layer *l, struct fp_error *err)
{
	struct fp_file *file = NULL;
	enum fp_status st = get_database(a, &file, l, err);

	return st == FP_OK ? fp_pg_open_layer(file, &l->target, l->def, err) : st;
}

static enum fp_status open_layer(struct fp_apply *a, struct layer *l, struct fp_error *err)
{
	struct fp_ogr_source s;
	enum fp_status st;

	l->def = fp_project_layer(a->project, l->id);
	if (!l->def)
		return fp_fail(err, FP_E_REFUSED, "No layer with id \"%s\"", l->id);
	st = check_kind(l->def, err);
	if (st != FP_OK)
		return st;
	if (l->def->provider && strcmp(l->def->provider, "postgres") == 0)
		return open_database(a, l, err);
	st = fp_layer_source(&s, l->def, err);
	if (st == FP_OK)
		st = open_source(a, l, &s, err);
	fp_ogr_source_clear(&s);
	return st;
}

static enum fp_status get_layer(struct fp_apply *a, struct layer **out, const char *id, struct fp_error *err)
{
	enum fp_status st;
	struct layer *l;

	for (size_t i = 0; i < a->n_layers; i++) {
		if (strcmp(a->layers[i].id, id) == 0) {
			*out = &a->layers[i];
			return FP_OK;
		}
	}
	FP_GROW(a->layers, a->n_layers, a->cap_layers);
	l = *out = &a->layers[a->n_layers++];
	*l = (struct layer){.id = fp_strdup(id)};
	st = open_layer(a, l, err);
	if (st != FP_E_REFUSED)
		return st;
	l->fault = fp_strdup(err->msg);
	return FP_OK;
}

/* ---- applying ---- */

/* NULL when the delta does not say whose local key it is: then it cannot be told from another device's. */
static char *local_key(const json_t *delta)
{
	const char *client = fp_delta_client_id(delta), *pk = fp_json_str_or(delta, "localPk", "");

	return *client && *pk ? fp_asprintf("%s\n%s\n%s", client, fp_json_str_or(delta, "localLayerId", ""), pk) : NULL;
}

static void remember_made(struct fp_apply *a, const json_t *delta, const struct fp_outcome *o)
{
	char *key = strcmp(fp_delta_method(delta), "create") == 0 ? local_key(delta) : NULL;

	if (key && (o->status == FP_APPLIED || o->status == FP_ALREADY_APPLIED) && json_is_integer(o->modified_pk))
		json_object_set_new(a->made, key, json_sprintf("%lld", (long long)json_integer_value(o->modified_pk)));
	else if (key && (o->status == FP_APPLIED || o->status == FP_ALREADY_APPLIED) && json_is_string(o->modified_pk))
		json_object_set(a->made, key, o->modified_pk);
	free(key);
}

/* ---- plans ---- */

/* The names of the feature that DELTA is about: the device's and the source's. */
static void names_of(char *names[2], const json_t *delta, const char *mapped_pk)
{
	const char *pk = mapped_pk ? mapped_pk : fp_json_str_or(delta, "sourcePk", "");

	names[0] = local_key(delta);
	names[1] = *pk ? fp_asprintf("%s\n%s", fp_delta_layer_id(delta), pk) : NULL;
}

/* A change that fails because an earlier one of the same feature came to nothing is not judged by itself. */
static void settle_class(struct fp_apply *a, const json_t *line, const struct fp_change *c, struct fp_outcome *o)
{
	const char *earlier = fp_json_str(line, "earlier");
	char *names[2];

	names_of(names, c->delta, c->mapped_pk);
	for (int i = 0; i < 2 && !earlier; i++)
		earlier = names[i] ? fp_json_str(a->open, names[i]) : NULL;
	if (earlier && (o->class == FP_CLASS_CONFLICT || o->class == FP_CLASS_TARGET_MISSING)) {
		o->class = FP_CLASS_BLOCKED;
		o->blocked_by = earlier;
	}
	for (int i = 0; i < 2; i++) {
		if (names[i] && o->class != FP_CLASS_WILL_APPLY && o->class != FP_CLASS_ALREADY_APPLIED && !fp_json_str(a->open, names[i]))
			json_object_set_new(a->open, names[i], json_string(fp_delta_uuid(c->delta)));
		free(names[i]);
	}
	if (c->target && (o->class == FP_CLASS_TARGET_MISSING || (o->class == FP_CLASS_WILL_APPLY && fp_json_bool(line, "again", 0) &&
			strcmp(fp_delta_method(c->delta), "create") == 0)))
		fp_candidates_want(a->candidates, c->target, line, o->class, o->modified_pk);
}

/* What runs is exactly what was shown: the change is judged as it was, and finds the feature that it found. */
static enum fp_status keep_to_plan(const json_t *line, const struct fp_outcome *o, struct fp_error *err)
{
	const json_t *expect = json_object_get(line, "expect"), *delta = json_object_get(line, "delta");
	int planned = strcmp(fp_json_str_or(expect, "class", ""), "will_apply") == 0, now = o->status == FP_APPLIED;

	if (!expect || (planned == now && strcmp(fp_json_str_or(expect, "hash", ""), o->hash_before) == 0))
		return FP_OK;
	return fp_fail(err, FP_E_CONFLICT, "the data moved since the plan was made: %s of feature %.80s in layer %.80s %s", fp_delta_method(delta),
		fp_json_str_or(delta, "sourcePk", ""), fp_delta_layer_id(delta), planned == now ? "meets another state of the feature"
		: planned ? "cannot be applied any more" : "could be applied now");
}

static enum fp_status apply_to_layer(struct fp_apply *a, const json_t *line, struct fp_outcome *o, struct fp_error *err)
{
	const json_t *delta = json_object_get(line, "delta");
	struct fp_change c = {.options = a->options, .delta = delta, .mapped_pk = fp_json_str(line, "mapped_pk"),
		.overwrite = fp_json_bool(line, "overwrite", a->options->overwrite)};
	struct layer *l;
	char *key;
	enum fp_status st = get_layer(a, &l, fp_delta_layer_id(delta), err);

	if (st != FP_OK)
		return st;
	key = strcmp(fp_delta_method(delta), "create") != 0 ? local_key(delta) : NULL;
	if (key && fp_json_str(a->made, key))
		c.mapped_pk = fp_json_str(a->made, key);
	free(key);
	c.layer = l->def;
	c.target = l->target;
	if (l->fault) {
		fp_fail(&o->error, FP_E_REFUSED, "%s", l->fault);
		o->status = FP_NOT_APPLIED;
		o->class = FP_CLASS_IMPOSSIBLE;
	} else {
		st = fp_change_apply(&c, o, err);
		for (size_t i = 0; i < a->n_files; i++)
			if (a->files[i].open == l->target->file)
				o->connection = a->files[i].connection;
	}
	if (st == FP_OK && a->options->plan)
		settle_class(a, line, &c, o);
	if (st == FP_OK)
		remember_made(a, delta, o);
	return st;
}

static enum fp_status apply(struct fp_apply *a, const json_t *line, struct fp_outcome *o, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	if (strcmp(fp_json_str_or(line, "ledger", ""), "applied") == 0) {
		o->status = FP_ALREADY_APPLIED;
		o->class = FP_CLASS_ALREADY_APPLIED;
	} else {
		st = apply_to_layer(a, line, o, err);
	}
	return st == FP_OK ? keep_to_plan(line, o, err) : st;
}

enum fp_status fp_apply_line(struct fp_apply *a, const json_t *line, json_t **result, struct fp_error *err)
{
	struct fp_outcome o;
	enum fp_status st;

	if (!json_is_object(json_object_get(line, "delta")))
		return fp_fail(err, FP_E_INVALID, "a line of the worker's input holds no delta");
	fp_outcome_init(&o);
	st = apply(a, line, &o, err);
	*result = st == FP_OK ? fp_outcome_json(&o, json_object_get(line, "delta")) : NULL;
	fp_outcome_clear(&o);
	return st;
}

enum fp_status fp_apply_candidates(struct fp_apply *a, void (*each)(void *arg, json_t *candidates), void *arg, struct fp_error *err)
{
	return fp_candidates_find(a->candidates, each, arg, err);
}

/* ---- the end ---- */

/* Layers first: they use what they lie in. */
static void close_all(struct fp_apply *a, int databases)
{
	for (size_t i = 0; i < a->n_layers; i++) {
		struct layer *l = &a->layers[i];
		if (!l->target || (l->target->file->ops->transaction && !databases))
			continue;
		l->target->ops->free(l->target);
		l->target = NULL;
	}
	for (size_t i = 0; i < a->n_files; i++) {
		struct file *f = &a->files[i];
		if (!f->open || (f->connection >= 0 && !databases))
			continue;
		f->open->ops->free(f->open);
		f->open = NULL;
	}
}

static int keeps(const struct fp_apply *a, const struct file *f)
{
	return f->open && f->open->written && !a->options->dry_run;
}

/* Files are complete before a database is asked to commit: whatever happens then, their part of the job can be published. */
static enum fp_status finish_files(struct fp_apply *a, const struct fp_apply_end *end, struct fp_error *err)
{
	char *kept = fp_alloc(a->n_files + 1);
	enum fp_status st = FP_OK;

	for (size_t i = 0; i < a->n_files; i++)
		kept[i] = (char)keeps(a, &a->files[i]);
	fp_failpoint("apply:before_commit");
	for (size_t i = 0; st == FP_OK && i < a->n_files; i++)
		if (kept[i] && a->files[i].connection < 0)
			st = a->files[i].open->ops->commit(a->files[i].open, err);
	fp_failpoint("apply:after_commit");
	close_all(a, 0);
	for (size_t i = 0; st == FP_OK && i < a->n_files; i++) {
		if (a->files[i].connection >= 0)
			continue;
		st = kept[i] ? fp_workcopy_publish(a->options->input, a->options->output, a->files[i].name, end->file, end->arg, err)
			: fp_workcopy_drop(a->options->output, a->files[i].name, err);
	}
	free(kept);
	return st;
}

/* Any layer of F. */
static const char *layer_of(const struct fp_apply *a, const struct file *f)
{
	for (size_t i = 0; i < a->n_layers; i++)
		if (a->layers[i].target && a->layers[i].target->file == f->open)
			return a->layers[i].id;
	return "";
}

/* Databases that hold changes, in the order of their numbers. */
static enum fp_status list_transactions(struct fp_apply *a, struct fp_apply_transaction *t, struct file **of, size_t *n, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	*n = 0;
	for (size_t i = 0; st == FP_OK && i < a->n_files; i++) {
		struct file *f = &a->files[i];
		if (f->connection < 0 || !keeps(a, f))
			continue;
		t[*n] = (struct fp_apply_transaction){.connection = f->connection, .layer_id = layer_of(a, f)};
		st = f->open->ops->transaction(f->open, &t[*n].is, err);
		of[(*n)++] = f;
	}
	return st;
}

/* Each database by itself: that one takes its changes back is no reason for another to. One that was lost before it was asked to commit has nothing of
 * them, and nothing is wrong with them: the job ends, and they wait. */
static enum fp_status finish_databases(struct fp_apply *a, const struct fp_apply_end *end, struct fp_error *err)
{
	struct fp_apply_transaction *t = fp_alloc((a->n_files + 1) * sizeof *t);
	struct file **of = fp_alloc((a->n_files + 1) * sizeof *of);
	struct fp_error why;
	size_t n;
	enum fp_status st = list_transactions(a, t, of, &n, err);

	if (st == FP_OK && n)
		st = end->ready(end->arg, t, n, err);
	fp_failpoint("apply:ready");
	for (size_t i = 0; st == FP_OK && i < n; i++) {
		enum fp_status done = of[i]->open->ops->commit(of[i]->open, &why);
		if (done == FP_OK || done == FP_E_REFUSED || done == FP_E_IO)
			end->committed(end->arg, t[i].connection, done == FP_OK, done == FP_E_REFUSED ? why.msg : "");
		if (done != FP_OK && done != FP_E_REFUSED)
			st = fp_fail(err, done, "%s", why.msg);
		fp_failpoint("apply:committed");
	}
	free(t);
	free(of);
	return st;
}

enum fp_status fp_apply_finish(struct fp_apply *a, const struct fp_apply_end *end, struct fp_error *err)
{
	enum fp_status st = finish_files(a, end, err);

	if (st == FP_OK)
		st = finish_databases(a, end, err);
	close_all(a, 1);
	return st;
}

void fp_apply_free(struct fp_apply *a)
{
	if (!a)
		return;
	close_all(a, 1);
	for (size_t i = 0; i < a->n_layers; i++) {
		free(a->layers[i].id);
		free(a->layers[i].fault);
	}
	for (size_t i = 0; i < a->n_files; i++) {
		free(a->files[i].name);
		free(a->files[i].fault);
	}
	free(a->files);
	free(a->layers);
	json_decref(a->made);
	json_decref(a->open);
	fp_candidates_free(a->candidates);
	free(a);
}
