#include "tests/package_fixture.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/changes/lite_blob.h"
#include "engine/layers/gdal_gate.h"

static char *output;

static void escape(struct fp_buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"'", *text))
			fp_buf_addf(b, "&#%d;", *text);
		else
			fp_buf_addc(b, *text);
	}
}

static void add_layer(struct fp_buf *xml, const struct wanted_layer *l, size_t i)
{
	fp_buf_addf(xml, "<maplayer type='%s'><id>layer_number_%03zu</id><layername>L%zu</layername><datasource>", l->type, i, i);
	escape(xml, l->source);
	fp_buf_adds(xml, "</datasource>");
	if (l->provider)
		fp_buf_addf(xml, "<provider>%s</provider>", l->provider);
	fp_buf_adds(xml, "<customproperties><Option type='Map'>");
	if (l->action)
		fp_buf_addf(xml, "<Option name='QFieldSync/cloud_action' type='QString' value='%s'/>", l->action);
	fp_buf_adds(xml, "</Option></customproperties></maplayer>");
}

static struct fp_project *opened(const char *name, const char *properties, const struct wanted_layer *layers, size_t n)
{
	struct fp_buf xml = FP_BUF_INIT;
	char *path = files_at(name), *dir = fp_path_dir(path);
	struct fp_project *project = NULL;
	struct fp_error err = {0};

	fp_buf_addf(&xml, "<qgis version='3.22.16'><properties>%s</properties><projectlayers>", properties);
	for (size_t i = 0; i < n; i++)
		add_layer(&xml, &layers[i], i);
	fp_buf_adds(&xml, "</projectlayers></qgis>");
	cr_assert_eq(fp_fs_mkdirs(dir, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_fs_write_atomic(path, xml.data, xml.len, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_project_open_below(&project, path, files_upload, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(project->n_layers, n);
	fp_buf_free(&xml);
	free(path);
	free(dir);
	return project;
}

static struct fp_package *begun(struct fp_project *project)
{
	struct fp_package *p = NULL;
	struct fp_error err = {0};

	free(output);
	output = fp_path_join(fp_gdal_scratch(), "package");
	cr_assert_eq(fp_fs_mkdirs(output, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_package_new(&p, project, output, fp_gdal_scratch(), &err), FP_OK, "%s", err.msg);
	return p;
}

static void decide(struct fp_package *p, json_t **verdicts)
{
	struct fp_error err = {0};

	cr_assert_eq(fp_package_decide(p, verdicts, &err), FP_OK, "%s", err.msg);
	for (size_t i = 0; i < p->n_layers; i++)
		json_decref(verdicts[i]);
	free(verdicts);
}

struct fp_package *package_decided(const char *name, const char *properties, const struct wanted_layer *layers, size_t n)
{
	struct fp_project *project = opened(name, properties, layers, n);
	struct fp_package *p = begun(project);
	json_t **verdicts = fp_alloc((n + 1) * sizeof *verdicts);

	for (size_t i = 0; i < n; i++) {
		struct fp_verdict v;
		fp_layer_check(&v, &(struct fp_checker){.project = project, .prober = -1}, &project->layers[i]);
		verdicts[i] = fp_verdict_json(&v, &project->layers[i]);
		fp_verdict_clear(&v);
	}
	decide(p, verdicts);
	return p;
}

struct fp_package *package_judged(const struct wanted_layer *layer, int valid, const char *pk)
{
	struct fp_project *project = opened("judged.qgs", "", layer, 1);
	struct fp_package *p = begun(project);
	json_t **verdicts = fp_alloc(sizeof *verdicts);

	*verdicts = json_pack("{s:o,s:o,s:s}", "is_valid", valid < 0 ? json_null() : json_boolean(valid), "pk", pk ? json_string(pk) : json_null(),
		"sentence", "the sentence");
	decide(p, verdicts);
	return p;
}

void package_done(struct fp_package *p)
{
	struct fp_project *project = p->project;

	fp_package_free(p);
	fp_project_free(project);
}

int package_warns(const struct fp_package *p, size_t layer, const char *code)
{
	const json_t *list = layer == SIZE_MAX ? p->warnings : p->layers[layer].warnings, *w;
	size_t i;

	json_array_foreach (list, i, w)
		if (strcmp(fp_json_str_or(w, "code", ""), code) == 0)
			return 1;
	return 0;
}

char *package_at(const char *name)
{
	return fp_path_join(output, name);
}

int package_has(const char *name)
{
	char *path = package_at(name);
	int has = access(path, F_OK) == 0;

	free(path);
	return has;
}

const char *package_source(const struct fp_package *p, size_t layer)
{
	return p->layers[layer].datasource ? p->layers[layer].datasource : p->layers[layer].def->datasource;
}

void package_sql(const char *name, const char *sql)
{
	char *path = files_at(name), *message = NULL;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert(fp_gpkg_functions(db) == SQLITE_OK && fp_lite_functions(db) == SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &message), SQLITE_OK, "%s: %s", sql, message);
	sqlite3_close(db);
	free(path);
}

/* Caller frees. */
static char *with_tables(const struct fp_package *p, const char *sql)
{
	struct fp_buf b = FP_BUF_INIT;

	for (; *sql; sql++) {
		if (sql[0] == '{' && isdigit((unsigned char)sql[1])) {
			char *end;
			int64_t table = p->layers[strtol(sql + 1, &end, 10)].table;
			cr_assert_geq(table, 0, "%s: the layer has no table", sql);
			fp_buf_addf(&b, "\"%s\"", p->tables[table].name);
			sql = end;
		} else {
			fp_buf_addc(&b, *sql);
		}
	}
	return fp_buf_take(&b);
}

const char *package_value(const struct fp_package *p, const char *sql)
{
	static char value[4096];
	char *path = package_at(FP_PACKAGE_DATA), *filled = with_tables(p, sql);
	sqlite3_stmt *s = NULL;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, filled, -1, &s, NULL), SQLITE_OK, "%s: %s", filled, sqlite3_errmsg(db));
	*value = '\0';
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		snprintf(value, sizeof value, "%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	sqlite3_close(db);
	free(path);
	free(filled);
	return value;
}
