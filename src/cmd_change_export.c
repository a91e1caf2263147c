/* fieldpost change export: a selection of changes as a deltafile, JSON lines, CSV or GeoJSON, written while it is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/changes/deltafile.h"
#include "engine/changes/shape.h"
#include "src/change_rows.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"
#include "src/save_file.h"
#include "src/selection.h"

struct format;

struct export {
	const struct fp_invocation *inv;
	const struct format *format;
	FILE *f;
	char project[FP_UUID_SIZE];
	int64_t n, bad;       /* changes; geometries that could not be read */
	json_t *client_pks;   /* of a deltafile */
	int64_t size;         /* likewise, about */
	int too_large;        /* nobody could read it back */
	int for_eyes;         /* CSV on a terminal */
	struct fp_buf line;
	struct fp_error fault; /* of the store, while attempts were read */
};

struct format {
	const char *name;
	void (*begin)(struct export *x), (*change)(struct export *x, const struct fp_change_row *r), (*end)(struct export *x);
};

static void put_json(struct export *x, json_t *value)
{
	char *text = fp_json_dump(value);

	fputs(text, x->f);
	free(text);
	json_decref(value);
}

static void nothing(struct export *x)
{
	(void)x;
}

static void deltafile_begin(struct export *x)
{
	char id[FP_UUID_SIZE];

	x->client_pks = json_object();
	fprintf(x->f, "{\"version\":\"1.0\",\"id\":\"%s\",\"project\":\"%s\",\"files\":[],\"deltas\":[", fp_uuid_new(id), x->project);
}

static void deltafile_change(struct export *x, const struct fp_change_row *r)
{
	json_t *delta;

	fprintf(x->f, "%s\n%s", x->n ? "," : "", r->body);
	x->size += (int64_t)strlen(r->body) + 2;
	if (r->mapped_pk && fp_json_parse(&delta, r->body, strlen(r->body), NULL) == FP_OK) {
		const char *layer = fp_json_str_or(delta, "localLayerId", "");
		char *key = fp_asprintf("%s__%s__%s", r->client_id, *layer ? layer : r->layer_id, r->local_pk);
		json_object_set_new(x->client_pks, key, json_string(r->mapped_pk));
		free(key);
		json_decref(delta);
	}
}

static void deltafile_end(struct export *x)
{
	char *pks = fp_json_dump(x->client_pks);
	int64_t n = (int64_t)strlen(pks) + 1000;

	x->too_large = n > FP_DELTAFILE_HEAD_MAX || x->size + n > FP_DELTAFILE_MAX;
	fprintf(x->f, "\n],\"clientPks\":%s}\n", pks);
	free(pks);
}

static void jsonl_change(struct export *x, const struct fp_change_row *r)
{
	json_t *o = fp_change_json(r), *attempts;

	if (fp_change_attempts_json(x->inv->store, r->id, &attempts, &x->fault) == FP_OK)
		json_object_set_new(o, "attempt_list", attempts);
	put_json(x, o);
	putc('\n', x->f);
}

/* RFC 4180. What a spreadsheet would run as a formula gets an apostrophe, unless it is a number of ours. */
static void cell(struct export *x, const char *text, int is_text, const char *end)
{
	int quoted = text[strcspn(text, ",\"\r\n")] != '\0', formula = is_text && *text && strchr("=+-@\t\r", *text);

	fp_buf_adds(&x->line, quoted ? "\"" : "");
	fp_buf_adds(&x->line, formula ? "'" : "");
	for (; *text; text++) {
		if (*text == '"')
			fp_buf_addc(&x->line, '"');
		fp_buf_addc(&x->line, *text);
	}
	fp_buf_adds(&x->line, quoted ? "\"" : "");
	fp_buf_adds(&x->line, end);
}

static void value_cell(struct export *x, const json_t *v)
{
	char *text = json_is_string(v) ? fp_strdup(json_string_value(v)) : json_is_null(v) ? fp_strdup("") : fp_json_dump(v);

	cell(x, text, json_is_string(v), ",");
	free(text);
}

static void put_line(struct export *x)
{
	struct fp_buf clean = FP_BUF_INIT;

	if (x->for_eyes)
		fp_text_sanitise_lines(&clean, x->line.data, x->line.len);
	fputs(x->for_eyes ? clean.data : x->line.data, x->f);
	fputs(x->for_eyes ? "\n" : "\r\n", x->f);
	fp_buf_free(&clean);
	fp_buf_clear(&x->line);
}

static void csv_begin(struct export *x)
{
	fp_buf_adds(&x->line, "uuid,when,who,method,layer,feature,field,old,new,status");
	put_line(x);
}

static void csv_field(struct export *x, const struct fp_change_row *r, const json_t *field)
{
	char iso[FP_TIME_ISO_SIZE];

	cell(x, r->uuid, 1, ",");
	cell(x, fp_time_iso(iso, r->created_at), 0, ",");
	cell(x, r->created_by, 1, ",");
	cell(x, r->method, 0, ",");
	cell(x, *r->layer_name ? r->layer_name : r->layer_id, 1, ",");
	cell(x, r->feature_pk, 1, ",");
	cell(x, fp_json_str_or(field, "field", ""), 1, ",");
	value_cell(x, field ? json_object_get(field, "old") : json_null());
	value_cell(x, field ? json_object_get(field, "new") : json_null());
	cell(x, r->status, 0, "");
	put_line(x);
}

/* A change that names no field is a line all the same. */
static void csv_change(struct export *x, const struct fp_change_row *r)
{
	json_t *delta = NULL, *fields, *f;
	size_t i;

	fp_json_parse(&delta, r->body, strlen(r->body), NULL);
	fields = fp_change_fields_json(delta);
	if (json_array_size(fields) == 0)
		csv_field(x, r, NULL);
	json_array_foreach(fields, i, f)
		csv_field(x, r, f);
	json_decref(fields);
	json_decref(delta);
}

static void geojson_begin(struct export *x)
{
	fputs("{\"type\":\"FeatureCollection\",\"features\":[", x->f);
}

static const char *wkt_of(const json_t *delta, const char *side)
{
	const char *wkt = fp_json_str(json_object_get(delta, side), "geometry");

	return wkt && *wkt ? wkt : NULL;
}

static void geojson_change(struct export *x, const struct fp_change_row *r)
{
	json_t *delta = NULL, *p = json_object();
	struct fp_error why = {0};
	struct fp_shape shape;
	const char *side, *wkt;

	fp_json_parse(&delta, r->body, strlen(r->body), NULL);
	side = wkt_of(delta, "new") ? "new" : wkt_of(delta, "old") ? "old" : "";
	wkt = *side ? wkt_of(delta, side) : NULL;
	fp_buf_addf(&x->line, "%s\n{\"type\":\"Feature\",\"geometry\":", x->n ? "," : "");
	if (wkt && fp_shape_read(&shape, wkt, FP_SHAPE_VERTICES_MAX, &why) == FP_OK) {
		fp_shape_geojson(&x->line, &shape);
		fp_shape_clear(&shape);
	} else {
		fp_buf_adds(&x->line, "null");
	}
	x->bad += why.code != FP_OK;
	fp_row_text(p, "uuid", r->uuid);
	fp_row_text(p, "method", r->method);
	fp_row_text(p, "status", r->status);
	fp_row_text(p, "layer", r->layer_name);
	fp_row_text(p, "layer_id", r->layer_id);
	fp_row_text(p, "feature", r->feature_pk);
	fp_row_text(p, "fields", r->fields);
	fp_row_time(p, "when", r->created_at);
	fp_row_text(p, "who", r->created_by);
	fp_row_text(p, "crs", fp_json_str_or(delta, "localLayerCrs", ""));
	fp_row_text(p, "geometry_of", side);
	fp_row_text(p, "geometry_fault", why.msg);
	fputs(x->line.data, x->f);
	fputs(",\"properties\":", x->f);
	put_json(x, p);
	putc('}', x->f);
	fp_buf_clear(&x->line);
	json_decref(delta);
}

static void geojson_end(struct export *x)
{
	fputs("\n]}\n", x->f);
}

static const struct format formats[] = {
	{"deltafile", deltafile_begin, deltafile_change, deltafile_end},
	{"jsonl", nothing, jsonl_change, nothing},
	{"csv", csv_begin, csv_change, nothing},
	{"geojson", geojson_begin, geojson_change, geojson_end},
	{0},
};

/* Nothing is written before there is a change to write: a selection of nothing is an error. */
static void take(void *arg, const struct fp_change_row *r)
{
	struct export *x = arg;

	if (x->n == 0)
		x->format->begin(x);
	if (!ferror(x->f) && x->fault.code == FP_OK)
		x->format->change(x, r);
	x->n++;
}

static const struct format *find_format(const char *name)
{
	const struct format *f = formats;

	while (f->name && strcmp(f->name, name) != 0)
		f++;
	return f->name ? f : NULL;
}

static void print_answer(const struct export *x, const char *to)
{
	json_t *answer;

	if (x->bad)
		fp_say("%lld geometries could not be read; their features have none and say why in geometry_fault\n", (long long)x->bad);
	if (x->too_large)
		fp_say("this is larger than a deltafile may be (256 MB, and 16 MB for its clientPks): export fewer changes at a time\n");
	if (!to)
		return;
	answer = json_pack("{s:I,s:I}", "changes", (json_int_t)x->n, "bad_geometries", (json_int_t)x->bad);
	fp_row_text(answer, "output", to);
	fp_outcome_print(x->inv, answer, "Wrote %lld change%s to %s.", (long long)x->n, fp_text_s(x->n), to);
}

static enum fp_status export(struct fp_invocation *inv, struct fp_error *err)
{
	const char *name = fp_opt(inv, "format"), *to = fp_opt(inv, "output");
	struct export x = {.inv = inv, .format = name ? find_format(name) : NULL, .for_eyes = !to && isatty(1), .line = FP_BUF_INIT};
	struct fp_save save;
	enum fp_status st;

	if (!x.format)
		return fp_fail(err, FP_E_USAGE, "--format is one of deltafile, jsonl, csv and geojson");
	st = fp_save_begin(&save, inv, to, err);
	if (st != FP_OK)
		return st;
	x.f = save.f;
	st = fp_selection_each(inv, x.project, 1, take, &x, err);
	if (st == FP_OK && x.fault.code != FP_OK) {
		*err = x.fault;
		st = x.fault.code;
	}
	if (st == FP_OK)
		x.format->end(&x);
	st = fp_save_end(&save, st, err);
	json_decref(x.client_pks);
	fp_buf_free(&x.line);
	if (st != FP_OK)
		return st;
	inv->exit_code = x.bad > 0 || x.too_large;
	print_answer(&x, to);
	return FP_OK;
}

const struct fp_command fp_cmd_change_export = {
	.name = "change export", .args = "NAME [UUID...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME, .run = export,
	.help = "Write the selected changes as a deltafile, as JSON lines, as CSV (a line a field; text that begins like a formula gets an apostrophe) or as GeoJSON.",
	.options = {FP_SELECTION_OPTIONS, {"format", "FORMAT", "deltafile, jsonl, csv or geojson"},
		{"output", "FILE", "where to (-o; default: standard output); asks before it replaces a file"}},
};
