#include "engine/store/attachments.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/store/db.h"

/* "./DCIM/" is DCIM. A folder that would be all of the project is none. */
static void add(struct fp_strv *folders, const char *folder, const char *project_file)
{
	const char *slash = strrchr(project_file, '/');
	size_t n;

	while (strncmp(folder, "./", 2) == 0)
		folder += 2;
	n = strlen(folder);
	while (n && folder[n - 1] == '/')
		n--;
	if (!n || (n == 1 && *folder == '.'))
		return;
	fp_strv_take(folders, fp_strndup(folder, n));
	if (slash)
		fp_strv_take(folders, fp_asprintf("%.*s/%.*s", (int)(slash - project_file), project_file, (int)n, folder));
}

static enum fp_status read_project(struct fp_store *s, char **facts, char **file, const char *project_id, struct fp_error *err)
{
	enum fp_status st = fp_db_str(s, facts, err, "SELECT facts FROM project WHERE id = ?", FP_VALS(fp_t(project_id)));

	return st == FP_OK ? fp_db_str(s, file, err, "SELECT project_file FROM project WHERE id = ?", FP_VALS(fp_t(project_id))) : st;
}

enum fp_status fp_attachment_folders(struct fp_store *s, struct fp_strv *folders, const char *project_id, struct fp_error *err)
{
	char *facts = NULL, *file = NULL;
	json_t *doc = NULL, *dir;
	size_t i;
	enum fp_status st = read_project(s, &facts, &file, project_id, err);

	if (st == FP_OK && facts && *facts && fp_json_parse(&doc, facts, strlen(facts), NULL) == FP_OK)
		json_array_foreach(json_object_get(doc, "attachment_dirs"), i, dir)
			if (json_is_string(dir))
				add(folders, json_string_value(dir), file ? file : "");
	if (folders->n == 0)
		add(folders, "DCIM", file ? file : "");
	json_decref(doc);
	free(facts);
	free(file);
	return st;
}

int fp_attachment_is(const struct fp_strv *folders, const char *name)
{
	for (size_t i = 0; i < folders->n; i++) {
		size_t n = strlen(folders->items[i]);
		if (strncmp(name, folders->items[i], n) == 0 && name[n] == '/')
			return 1;
	}
	return 0;
}
