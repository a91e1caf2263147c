#include "tests/package_home.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/store/packages.h"

static struct fp_error err;

#define PACKED(id, action, table, features, rest) "event packed {\"id\":\"" id "\",\"name\":\"" id "\",\"action\":\"" action "\",\"table\":" table \
	",\"features\":" features rest ",\"pk\":\"fid\",\"read_only\":false}\n"
#define NOTHING ",\"skipped\":[],\"warnings\":[]"

char *package_script(const char *text)
{
	return fp_asprintf(
		"event layer {\"id\":\"trees\",\"name\":\"trees\",\"status\":\"ok\",\"is_valid\":true,\"filename\":\"survey.gpkg\"}\n"
		"event layer {\"id\":\"gone\",\"name\":\"gone\",\"status\":\"invalid_dataprovider\",\"is_valid\":false,\"provider_summary\":\"File missing.\"}\n"
		PACKED("trees", "offline", "\"trees_1\"", "1200", ",\"skipped\":[{\"reason\":\"no geometry\",\"count\":3}],\"warnings\":[]")
		PACKED("oaks", "offline", "\"trees_1\"", "1200", ",\"skipped\":[{\"reason\":\"no geometry\",\"count\":3}],\"warnings\":[]")
		PACKED("height", "copy", "null", "0", NOTHING)
		PACKED("gone", "removed", "null", "0", ",\"skipped\":[],\"warnings\":[{\"code\":\"removed_invalid\",\"count\":1,\"detail\":\"it cannot be opened\"}]")
		"event packaged_layer {\"id\":\"trees\",\"name\":\"trees\",\"status\":\"ok\",\"is_valid\":true}\n"
		"event package {\"warnings\":[{\"code\":\"credentials\",\"count\":1,\"detail\":\"a password\"}]}\n"
		"write p_qfield.qgz project\nwrite data.gpkg %s\nwrite ras/r.tif height\n"
		"event file {\"name\":\"data.gpkg\"}\nevent file {\"name\":\"p_qfield.qgz\"}\nevent file {\"name\":\"ras/r.tif\"}\n", text);
}

int64_t package_make(struct home *h, const char *text)
{
	char *script = package_script(text);

	home_script(h, FP_JOB_PACKAGE, script);
	free(script);
	cr_assert_eq(fp_queue_trigger(h->s, &h->t, h->project, FP_JOB_PACKAGE, "manual", "anna", &err), FP_OK, "%s", err.msg);
	cr_assert_gt(h->t.job_id, 0, "%s", h->t.sentence);
	home_run(h);
	cr_assert_eq(home_number(h, "SELECT status = 'finished' FROM job ORDER BY id DESC"), 1, "%s", home_text(h, "SELECT verdict FROM job ORDER BY id DESC"));
	return home_number(h, "SELECT max(id) FROM job");
}

struct reading {
	struct home *h;
	const char *folder;
	int64_t n;
};

static void read_file(void *arg, const struct fp_package_file_row *f)
{
	struct reading *g = arg;
	char *path = fp_path_join(g->folder, f->name);
	struct fp_digest d;
	struct stat sb;

	cr_assert_eq(fp_fs_digest(&d, path, &err), FP_OK, "%s", err.msg);
	cr_assert_str_eq(d.sha256, f->sha256, "%s is not what its row says", path);
	cr_assert_str_eq(d.etag, f->etag);
	cr_assert_eq(d.size, f->size);
	cr_assert_eq(stat(path, &sb), 0);
	cr_assert_eq(sb.st_mode & 0222, 0, "%s can be written", path);
	g->n++;
	free(path);
}

static void read_package(void *arg, const struct fp_package_row *k)
{
	struct reading *g = arg;
	int64_t before = g->n;
	int hold;

	if (fp_package_hold(g->h->s, k->job_id, &hold, &err) == FP_E_NOTFOUND) /* an engine removed it meanwhile */
		return;
	cr_assert_geq(hold, 0, "%s", err.msg);
	g->folder = k->folder;
	cr_assert_eq(fp_package_files(g->h->s, k->job_id, 0, 1 << 20, read_file, g, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(g->n - before, k->files + k->attachments);
	cr_assert_gt(k->files, 0);
	fp_package_release(hold);
}

int64_t package_read_all(struct home *h)
{
	struct reading g = {.h = h};

	cr_assert_eq(fp_package_list(h->s, &(struct fp_query){0}, 0, 1000, read_package, &g, &err), FP_OK, "%s", err.msg);
	return g.n;
}
