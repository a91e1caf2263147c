/* process_projectfile up to the layers: is it a project file, can it be read, what does it say of itself. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/project/project.h"
#include "engine/worker/job.h"

enum fp_status fp_step_project_validity_check(struct fp_job *job, struct fp_error *err)
{
	char *path = fp_path_join(job->input, job->project_file);
	struct stat sb;
	enum fp_status st = FP_OK;

	if (lstat(path, &sb) != 0)
		st = fp_fail_errno(err, errno, "cannot open project file \"%s\"", job->project_file);
	else if (!S_ISREG(sb.st_mode))
		st = fp_fail(err, FP_E_INVALID, "project file \"%s\" is no regular file", job->project_file);
	else if (!fp_path_has_suffix(job->project_file, ".qgs") && !fp_path_has_suffix(job->project_file, ".qgz"))
		st = fp_fail(err, FP_E_INVALID, "\"%s\" is no QGIS project file (.qgs or .qgz)", job->project_file);
	else if (sb.st_size == 0)
		st = fp_fail(err, FP_E_INVALID, "project file \"%s\" is empty", job->project_file);
	if (st == FP_OK)
		fp_job_log(job, "info", "Project file %s, %lld byte%s.", job->project_file, (long long)sb.st_size, fp_text_s(sb.st_size));
	else
		fp_error_hint(err, "save the project in QGIS and upload it again");
	free(path);
	return st;
}

enum fp_status fp_step_opening_check(struct fp_job *job, struct fp_error *err)
{
	char *path = fp_path_join(job->input, job->project_file);
	enum fp_status st = fp_project_open_below(&job->project, path, job->input, err);

	free(path);
	if (st == FP_E_INVALID)
		fp_error_hint(err, "open the project in QGIS, save it again, and upload it again");
	if (st != FP_OK)
		return st;
	fp_job_log(job, "info", "Opened: %zu layer%s, saved by QGIS %s.", job->project->n_layers, fp_text_s((int64_t)job->project->n_layers),
		*job->project->qgis_version ? job->project->qgis_version : "(version unknown)");
	for (size_t i = 0; i < job->project->notes.n; i++)
		fp_job_log(job, "warning", "%s", job->project->notes.items[i]);
	return FP_OK;
}

static json_t *texts(const struct fp_strv *v)
{
	json_t *a = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(a, fp_json_text(v->items[i]));
	return a;
}

enum fp_status fp_step_project_details(struct fp_job *job, struct fp_error *err)
{
	const struct fp_project *p = job->project;
	json_t *extent;

	if (!p)
		return fp_fail(err, FP_E_INTERNAL, "the workflow asks for project details before the opening check");
	extent = p->has_extent ? json_pack("[f,f,f,f]", p->extent[0], p->extent[1], p->extent[2], p->extent[3]) : NULL;
	fp_job_log(job, "info", "Title \"%s\", CRS %s, background %s.", p->title, *p->crs ? p->crs : "none",
		*p->background_color ? p->background_color : "none");
	fp_job_emit(job, "project", json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "file", fp_json_text(job->project_file), "title", fp_json_text(p->title),
		"crs", fp_json_text(p->crs), "qgis_version", fp_json_text(p->qgis_version), "extent", extent ? extent : json_null(),
		"background_color", fp_json_text(p->background_color), "attachment_dirs", texts(&p->attachment_dirs)));
	return FP_OK;
}
