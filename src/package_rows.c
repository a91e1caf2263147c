#include "src/package_rows.h"

#include <string.h>

#include "engine/base/json.h"
#include "src/listing.h"

json_t *fp_package_row_json(const struct fp_package_row *r)
{
	const struct fp_freshness *f = &r->freshness;
	json_t *o = json_object();

	fp_row_int(o, "id", r->job_id);
	fp_row_text(o, "project", r->project_name);
	fp_row_text(o, "project_id", r->project_id);
	fp_row_time(o, "packaged_at", r->at);
	fp_row_time(o, "basis_at", r->basis_at);
	json_object_set_new(o, "newest", json_boolean(r->newest));
	fp_row_text(o, "freshness", f->text);
	json_object_set_new(o, "stale", json_boolean(f->stale));
	json_object_set_new(o, "since", json_pack("{s:I,s:I,s:I}", "changes", (json_int_t)f->changes, "layers", (json_int_t)f->layers, "files",
		(json_int_t)f->files));
	fp_row_int(o, "online_layers", f->online);
	fp_row_text(o, "trigger", r->trigger);
	fp_row_text(o, "created_by", r->by);
	fp_row_int(o, "files", r->files);
	fp_row_int(o, "size", r->bytes);
	fp_row_int(o, "attachments", r->attachments);
	fp_row_int(o, "attachments_size", r->attachment_bytes);
	fp_row_int(o, "layers", r->layers);
	fp_row_int(o, "offline", r->offline);
	fp_row_int(o, "copied", r->copied);
	fp_row_int(o, "online", r->online);
	fp_row_int(o, "untouched", r->untouched);
	fp_row_int(o, "removed", r->removed);
	fp_row_int(o, "features", r->features);
	fp_row_int(o, "skipped", r->skipped);
	fp_row_int(o, "warnings", r->warnings);
	fp_row_text(o, "verdict", r->verdict);
	fp_row_json(o, "notes", r->notes);
	fp_row_text(o, "folder", r->folder);
	return o;
}

void fp_package_take_row(void *arg, const struct fp_package_row *r)
{
	*(json_t **)arg = fp_package_row_json(r);
}

static void add_file(void *arg, const struct fp_package_file_row *f)
{
	json_t *o = json_object();

	fp_row_text(o, "name", f->name);
	fp_row_int(o, "size", f->size);
	fp_row_text(o, "sha256", f->sha256);
	fp_row_text(o, "etag", f->etag);
	json_object_set_new(o, "is_attachment", json_boolean(f->is_attachment));
	fp_row_time(o, "created_at", f->at);
	json_array_append_new(arg, o);
}

enum fp_status fp_package_add_files(json_t *rows, struct fp_store *s, int64_t job_id, struct fp_error *err)
{
	return fp_package_files(s, job_id, 0, INT64_MAX, add_file, rows, err);
}

static const char *where_features_are(const char *action)
{
	static const struct { const char *action, *where; } places[] = {
		{"copy", "- (in its files)"}, {"online", "- (at its source)"}, {"untouched", "- (as in the project)"}, {"removed", "- (not packaged)"},
	};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (strcmp(places[i].action, action) == 0)
			return places[i].where;
	return "-";
}

json_t *fp_package_layers_shown(const json_t *layers)
{
	json_t *shown = json_array();
	const json_t *l;
	size_t i;

	json_array_foreach(layers, i, l) {
		json_t *copy = json_copy((json_t *)(size_t)l);
		if (!json_is_string(json_object_get(l, "table")))
			json_object_set_new(copy, "features", json_string(where_features_are(fp_json_str_or(l, "action", ""))));
		json_array_append_new(shown, copy);
	}
	return shown;
}
