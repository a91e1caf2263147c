/* Questions to a worker that does what it should not, and what such a worker gets to see. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/question.h"
#include "engine/queue/run.h"
#include "engine_home.h"

static struct home h;
static struct fp_error err;
static struct fp_question *q;
static struct fp_buf heard;

static void setup(void)
{
	home_open(&h);
	heard = (struct fp_buf)FP_BUF_INIT;
}

static void teardown(void)
{
	fp_question_free(q);
	fp_buf_free(&heard);
	home_close(&h);
}

TestSuite(question, .init = setup, .fini = teardown, .timeout = 30);

static void hear(void *arg, enum fp_event_kind kind, const json_t *body)
{
	char *text = fp_json_dump(body);

	(void)arg;
	if (kind != FP_EVENT_HELLO && kind != FP_EVENT_RESULT)
		fp_buf_addf(&heard, "%s\n", text);
	free(text);
}

/* A question about files to the fake worker, which does what SCRIPT says. */
static enum fp_status ask(const char *script)
{
	char *path = fp_path_join(h.folder, "script");
	enum fp_status st;

	fp_question_free(q);
	q = NULL;
	fp_buf_clear(&heard);
	cr_assert_eq(fp_fs_write_atomic(path, script, strlen(script), &err), FP_OK);
	cr_assert_eq(fp_question_about_files(&q, h.s, &h.conf, h.project, "file_diff", &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_question_link(q, "file_diff.script", path, &err), FP_OK, "%s", err.msg);
	st = fp_question_start(q, hear, NULL, &err);
	cr_assert_eq(st, FP_OK, "%s", err.msg);
	free(path);
	return fp_question_wait(q, &err);
}

Test(question, a_worker_that_dies_says_how_and_leaves_no_folder)
{
	char *work;

	cr_assert_eq(ask("kill 11\n"), FP_E_CRASHED);
	cr_assert(strstr(err.msg, "SEGV") != NULL, "%s", err.msg);
	work = fp_strdup(fp_question_work(q));
	cr_assert_eq(access(work, F_OK), 0);
	fp_question_free(q);
	q = NULL;
	cr_assert_neq(access(work, F_OK), 0);
	free(work);
}

Test(question, a_worker_that_breaks_the_protocol_is_not_heard)
{
	cr_assert_eq(ask("raw {\"event\":\"difference\",\"difference\":{\"table\":\"t\"}}\n"), FP_E_INVALID);
	cr_assert(strstr(err.msg, "difference") != NULL, "%s", err.msg);
	cr_assert_eq(heard.len, 0);
	cr_assert_eq(ask("raw {\"event\":\"past\",\"past\":{\"version\":\"1\"}}\n"), FP_E_INVALID);
	cr_assert_eq(ask("raw {\"event\":\"table\",\"table\":{\"table\":\"t\",\"change\":\"same\",\"added\":1.5}}\n"), FP_E_INVALID);
}

Test(question, a_worker_that_takes_too_long_is_ended)
{
	h.conf.step_limit_s = 1;
	cr_assert_eq(ask("deaf \nsleep 20000\n"), FP_E_TIMEOUT);
	cr_assert(strstr(err.msg, "step_limit_s") != NULL, "%s", err.msg);
}

Test(question, one_about_files_gets_no_secret_and_no_file_that_was_not_linked)
{
	char *in, *script = fp_path_join(h.folder, "script");

	cr_assert_eq(fp_queue_secret_set(h.s, &h.t, h.project, "TOKEN", "envvar", "hush", 4, "anna", &err), FP_OK, "%s", err.msg);
	cr_assert_eq(ask("secret TOKEN\n"), FP_OK, "%s", err.msg);
	cr_assert(strstr(heard.data, "not given") != NULL, "%s", heard.data);
	in = fp_asprintf("%s/in/p.qgs", fp_question_work(q));
	cr_assert_neq(access(in, F_OK), 0);
	free(in);
	fp_question_free(q);
	q = NULL;
	fp_buf_clear(&heard);
	cr_assert_eq(fp_question_new(&q, h.s, &h.conf, h.project, "file_diff", &err), FP_OK, "%s", err.msg); /* the same about the project */
	cr_assert_eq(fp_question_link(q, "file_diff.script", script, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_question_start(q, hear, NULL, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_question_wait(q, &err), FP_OK, "%s", err.msg);
	cr_assert(strstr(heard.data, ": given") != NULL, "%s", heard.data);
	in = fp_asprintf("%s/in/p.qgs", fp_question_work(q));
	cr_assert_eq(access(in, F_OK), 0);
	free(in);
	free(script);
}

Test(question, what_a_dead_process_left_is_swept_and_what_a_living_one_has_is_not)
{
	char *other = NULL;
	int pipes[2], status;
	char name[4096] = "";
	pid_t pid;

	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		struct fp_question *mine;
		if (fp_question_about_files(&mine, h.s, &h.conf, h.project, "file_diff", &err) != FP_OK)
			_exit(1);
		_exit(write(pipes[1], fp_question_work(mine), strlen(fp_question_work(mine))) < 1); /* and does not tidy up */
	}
	cr_assert_gt(read(pipes[0], name, sizeof name - 1), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(access(name, F_OK), 0);
	cr_assert_eq(fp_question_about_files(&q, h.s, &h.conf, h.project, "file_diff", &err), FP_OK);
	other = fp_strdup(fp_question_work(q));
	cr_assert_eq(fp_recover(h.s, &err), FP_OK, "%s", err.msg);
	cr_assert_neq(access(name, F_OK), 0);
	cr_assert_eq(access(other, F_OK), 0);
	free(other);
}

/* ---- versions with their journals ---- */

static void at(const char *name, int version, int64_t ms)
{
	char *sql = fp_asprintf("UPDATE file_version SET at = %lld WHERE version = %d AND file_id = (SELECT id FROM file WHERE name = '%s')", (long long)ms, version,
		name);

	cr_assert_eq(fp_store_begin(h.s, &err), FP_OK);
	cr_assert_eq(fp_store_end(h.s, fp_db_run(h.s, &err, sql, FP_NOVALS), &err), FP_OK, "%s", err.msg);
	free(sql);
}

static int has_journal(int64_t version, const char *text)
{
	struct fp_buf b = FP_BUF_INIT;
	char *folder = fp_asprintf("v%lld", (long long)version), *path;
	size_t files;
	int is;

	cr_assert_eq(fp_question_link_version(q, folder, "a.gpkg", version, &files, &err), FP_OK, "%s", err.msg);
	path = fp_asprintf("%s/in/%s/a.gpkg-wal", fp_question_work(q), folder);
	is = fp_fs_read(&b, path, 1000, NULL) == FP_OK && strcmp(b.data, text) == 0;
	cr_assert_eq(files, is ? 2 : 1);
	free(path);
	free(folder);
	fp_buf_free(&b);
	return is;
}

Test(question, a_version_comes_with_the_journal_that_came_with_it)
{
	home_put(&h, "a.gpkg", "one");
	home_put(&h, "a.gpkg-wal", "journal one");
	home_put(&h, "a.gpkg", "two");     /* closed properly: the journal is of no use any more, and is emptied */
	home_put(&h, "a.gpkg-wal", "");
	home_put(&h, "a.gpkg", "three");
	home_put(&h, "a.gpkg-wal", "journal three");
	home_put(&h, "a.gpkg", "four");
	at("a.gpkg", 1, 1000000);
	at("a.gpkg-wal", 1, 1000010);
	at("a.gpkg-wal", 2, 2000000);      /* before its database, in the same upload */
	at("a.gpkg", 2, 2000010);
	at("a.gpkg", 3, 3000000);
	at("a.gpkg-wal", 3, 3000900);
	at("a.gpkg", 4, 4000000);
	cr_assert_eq(fp_question_about_files(&q, h.s, &h.conf, h.project, "file_diff", &err), FP_OK);
	cr_assert(has_journal(1, "journal one"));
	cr_assert_not(has_journal(2, ""));
	cr_assert(has_journal(3, "journal three"));
	cr_assert(has_journal(4, "journal three"), "the current version is what lies there now");
	cr_assert_eq(fp_question_link_version(q, "v5", "a.gpkg", 5, NULL, &err), FP_E_NOTFOUND);
}
