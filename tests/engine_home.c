#include "engine_home.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/engine.h"
#include "engine/store/changes.h"
#include "engine/store/files.h"
#include "engine/store/projects.h"
#include "put_file.h"

static struct fp_error err;

void home_open_empty(struct home *h)
{
	char *fake = fp_asprintf("%s/tests/fake", getenv("FIELDPOST_BUILD"));

	memset(h, 0, sizeof *h);
	strcpy(h->folder, "/tmp/fp-engine-XXXXXX");
	cr_assert_not_null(mkdtemp(h->folder));
	h->path = fp_path_join(h->folder, "home");
	setenv("FIELDPOST_LIBEXEC", fake, 1);
	free(fake);
	cr_assert_eq(fp_store_open(&h->s, h->path, FP_STORE_CREATE, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_config_read(&h->conf, NULL, &err), FP_OK, "%s", err.msg);
	h->conf.upload_settle_ms = 0;
	h->conf.stop_grace_s = 0;
	cr_assert_eq(fp_project_create(h->s, h->project, "Bees", "anna", &err), FP_OK);
	h->layer = "l";
}

void home_open(struct home *h)
{
	home_open_empty(h);
	home_put(h, "p.qgs", "<qgis/>");
}

void home_open_sample(struct home *h)
{
	char *from = fp_asprintf("%s/data/sample/project", getenv("FIELDPOST_SOURCE"));
	int64_t files, hidden;

	home_open(h);
	setenv("FIELDPOST_LIBEXEC", getenv("FIELDPOST_BUILD"), 1);
	cr_assert_eq(fp_project_create(h->s, h->project, "Sample", "anna", &err), FP_OK);
	cr_assert_eq(fp_queue_upload_folder(h->s, &h->t, h->project, from, "anna", &files, &hidden, &err), FP_OK, "%s", err.msg);
	home_run(h);
	cr_assert_eq(home_number(h, "SELECT status = 'finished' FROM job ORDER BY id DESC"), 1, "%s",
		home_text(h, "SELECT verdict FROM job ORDER BY id DESC"));
	h->layer = "trees_5c1f2a60_7d34_4e0b_9a41_1f6f0c7f3b11";
	free(from);
}

void home_close(struct home *h)
{
	fp_store_close(h->s);
	fp_fs_remove_tree(h->folder, NULL);
	free(h->path);
}

void home_put(struct home *h, const char *name, const char *text)
{
	char *path = fp_path_join(h->folder, "upload");

	cr_assert_eq(fp_fs_write_atomic(path, text, strlen(text), &err), FP_OK);
	cr_assert_eq(put_file(h->s, h->project, name, path, NULL, &err), FP_OK, "%s", err.msg);
	free(path);
}

void home_script(struct home *h, enum fp_job_type type, const char *script)
{
	char *name = fp_asprintf("%s.script", fp_job_type_word(type));

	home_put(h, name, script);
	free(name);
}

void home_process(struct home *h)
{
	home_script(h, FP_JOB_PROCESS_PROJECTFILE, "event project {\"file\":\"p.qgs\",\"title\":\"T\",\"crs\":\"EPSG:2056\"}");
	cr_assert_eq(fp_queue_trigger(h->s, &h->t, h->project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err), FP_OK);
	cr_assert_gt(h->t.job_id, 0, "%s", h->t.sentence);
	home_run(h);
	cr_assert_eq(home_number(h, "SELECT status = 'finished' FROM job ORDER BY id DESC"), 1, "%s",
		home_text(h, "SELECT verdict FROM job ORDER BY id DESC"));
}

void home_push(struct home *h, int from, int to)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_push_result r;

	fp_buf_adds(&b, "{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\","
		"\"files\":[],\"deltas\":[");
	for (int i = from; i <= to; i++)
		fp_buf_addf(&b, "%s{\"uuid\":\"u%d\",\"clientId\":\"c\",\"localPk\":\"%d\",\"sourcePk\":\"\",\"localLayerId\":\"%s\",\"sourceLayerId\":\"%s\","
			"\"method\":\"create\",\"new\":{\"attributes\":{\"note\":\"u%d\"}}}", i > from ? "," : "", i, i, h->layer, h->layer, i);
	fp_buf_adds(&b, "]}");
	cr_assert_eq(fp_queue_push(h->s, &h->t, h->project, b.data, b.len, "anna", &r, &err), FP_OK, "%s", err.msg);
	fp_buf_free(&b);
}

void home_run(struct home *h)
{
	cr_assert_eq(fp_engine_run(h->s, &h->conf, 1, &err), FP_OK, "%s", err.msg);
}

int home_engine(struct home *h)
{
	pid_t pid = fork();
	struct fp_store *own;

	if (pid != 0)
		return pid;
	if (fp_store_open(&own, h->path, 0, &err) != FP_OK || fp_engine_run(own, &h->conf, 1, &err) != FP_OK)
		_exit(1);
	fp_store_close(own);
	_exit(0);
}

int64_t home_number(struct home *h, const char *sql)
{
	int64_t n = -1;

	cr_assert_eq(fp_db_int(h->s, &n, &err, sql, FP_NOVALS), FP_OK, "%s", err.msg);
	return n;
}

const char *home_text(struct home *h, const char *sql)
{
	static char *text;

	free(text);
	cr_assert_eq(fp_db_str(h->s, &text, &err, sql, FP_NOVALS), FP_OK, "%s", err.msg);
	if (!text)
		text = fp_strdup("");
	return text;
}

static void take_bytes(void *arg, const struct fp_file_row *r)
{
	struct fp_digest d;

	cr_assert_eq(fp_fs_read(arg, r->path, 1 << 26, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_fs_digest(&d, r->path, &err), FP_OK);
	cr_assert_str_eq(d.sha256, r->digest.sha256, "the row tells the truth about %s", r->name);
}

const char *home_file(struct home *h, const char *name)
{
	static struct fp_buf b = FP_BUF_INIT;

	fp_buf_clear(&b);
	fp_file_get(h->s, h->project, name, 0, take_bytes, &b, &err);
	return b.data;
}

int home_asked(const char *name, int fallback)
{
	const char *v = getenv(name);

	return v && *v ? (int)strtol(v, NULL, 10) : fallback;
}
