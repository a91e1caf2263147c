/* Step "file_diff": what differs between two versions of a GeoPackage. */
#include <stdlib.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_diff.h"
#include "engine/changes/target_sqlite.h"
#include "engine/layers/gdal_gate.h"
#include "engine/worker/job.h"

static void difference(void *arg, json_t *body)
{
	fp_job_emit(arg, "difference", body);
}

static void done(void *arg, json_t *body)
{
	fp_job_emit(arg, "table", body);
}

enum fp_status fp_step_file_diff(struct fp_job *job, struct fp_error *err)
{
	const json_t *what = json_object_get(job->description, "diff");
	const char *file = fp_json_str_or(what, "file", "");
	char *a = fp_path_join(job->input, "before"), *b = fp_path_join(job->input, "after");
	char *before = fp_path_join(a, file), *after = fp_path_join(b, file);
	struct fp_gpkg_diff d = {.before = before, .after = after, .table = fp_json_str_or(what, "table", ""), .summary = fp_json_bool(what, "summary", 0),
		.difference = difference, .done = done, .arg = job};
	enum fp_status st;

	fp_gdal_init(*job->scratch ? job->scratch : NULL);
	sqlite3_temp_directory = sqlite3_mprintf("%s", job->scratch); /* for what is too large to be sorted in memory */
	st = fp_gpkg_diff(&d, err);
	free(before);
	free(after);
	free(a);
	free(b);
	return st;
}
