#include "engine/package/package.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/package/rows.h"

const char *fp_pack_action_word(enum fp_pack_action a)
{
	static const char *const words[] = {
		[FP_PACK_REMOVE] = "removed", [FP_PACK_UNTOUCHED] = "untouched", [FP_PACK_ONLINE] = "online", [FP_PACK_COPY] = "copy", [FP_PACK_OFFLINE] = "offline",
	};

	return words[a];
}

/* "trees" of "survey/trees.qgs". */
static char *stem_of(const char *path)
{
	const char *base = fp_path_base(path), *dot = strrchr(base, '.');

	return fp_strndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

enum fp_status fp_package_new(struct fp_package **out, struct fp_project *project, const char *output, const char *scratch, struct fp_error *err)
{
	struct fp_package *p;

	*out = NULL;
	if (strncmp(project->qgis_version, "2.", 2) == 0 || strncmp(project->qgis_version, "1.", 2) == 0) {
		fp_fail(err, FP_E_REFUSED, "the project was saved by QGIS %s, which QField cannot read", project->qgis_version);
		fp_error_hint(err, "open it in QGIS 3, save it, and upload it again");
		return FP_E_REFUSED;
	}
	p = fp_alloc(sizeof *p);
	p->project = project;
	p->output = output;
	p->scratch = scratch;
	p->stem = stem_of(project->path);
	p->layers = fp_alloc((project->n_layers + 1) * sizeof *p->layers);
	p->n_layers = project->n_layers;
	p->replaced = json_object();
	p->warnings = json_array();
	for (size_t i = 0; i < p->n_layers; i++)
		p->layers[i] = (struct fp_pack_layer){.def = &project->layers[i], .table = -1, .warnings = json_array()};
	*out = p;
	return FP_OK;
}

static void free_table(struct fp_pack_table *t)
{
	for (size_t i = 0; i < t->n_fields; i++)
		free(t->fields[i].name);
	free(t->fields);
	free(t->name);
	free(t->local_key);
	free(t->geometry);
	json_decref(t->skipped);
}

void fp_package_free(struct fp_package *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_layers; i++) {
		json_decref(p->layers[i].verdict);
		free(p->layers[i].pk);
		free(p->layers[i].provider);
		free(p->layers[i].datasource);
		json_decref(p->layers[i].warnings);
	}
	for (size_t i = 0; i < p->n_tables; i++)
		free_table(&p->tables[i]);
	for (size_t i = 0; i < p->n_files; i++) {
		free(p->files[i].from);
		free(p->files[i].to);
	}
	fp_rows_close_databases(p);
	free(p->layers);
	free(p->tables);
	free(p->files);
	free(p->stem);
	json_decref(p->replaced);
	json_decref(p->warnings);
	free(p);
}

void fp_package_warn(struct fp_package *p, struct fp_pack_layer *l, const char *code, int64_t count, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = fp_vasprintf(fmt, ap);
	va_end(ap);
	json_array_append_new(l ? l->warnings : p->warnings, json_pack("{s:s,s:I,s:o}", "code", code, "count", (json_int_t)count, "detail", fp_json_text(text)));
	free(text);
}

json_t *fp_package_layer_json(const struct fp_package *p, const struct fp_pack_layer *l)
{
	const struct fp_pack_table *t = l->table >= 0 ? &p->tables[l->table] : NULL;

	return json_pack("{s:o,s:o,s:s,s:o,s:I,s:o,s:O,s:o,s:b}", "id", fp_json_text(l->def->id), "name", fp_json_text(l->def->name),
		"action", fp_pack_action_word(l->action), "table", t ? fp_json_text(t->name) : json_null(), "features", (json_int_t)(t ? t->written : 0),
		"skipped", t && t->skipped ? json_incref(t->skipped) : json_array(), "warnings", l->warnings, "pk", l->pk ? fp_json_text(l->pk) : json_null(),
		"read_only", l->read_only);
}
