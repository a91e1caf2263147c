#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/queue.h"
#include "engine/store/changes.h"
#include "engine/store/check.h"
#include "engine/store/db.h"
#include "engine/store/files.h"
#include "engine/store/jobs.h"
#include "engine/store/projects.h"

TestSuite(queue, .timeout = 60);

static char folder[] = "/tmp/fp-queue-XXXXXX";
static struct fp_store *s;
static struct fp_error err;
static struct fp_trigger t;
static char project[37];

static void close_home(void)
{
	fp_store_close(s);
	fp_fs_remove_tree(folder, NULL);
}

static char *at(const char *name)
{
	return fp_path_join(folder, name);
}

static void open_home(void)
{
	char *home;

	cr_assert_not_null(mkdtemp(folder));
	atexit(close_home);
	home = at("home");
	cr_assert_eq(fp_store_open(&s, home, FP_STORE_CREATE, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_project_create(s, project, "Bees", "anna", &err), FP_OK);
	free(home);
}

static void sql(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void sql(const char *fmt, ...)
{
	struct fp_buf b = FP_BUF_INIT;
	char *why = NULL;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	cr_assert_eq(sqlite3_exec(s->db, b.data, NULL, NULL, &why), SQLITE_OK, "%s: %s", b.data, why);
	fp_buf_free(&b);
}

static int64_t number(const char *text)
{
	int64_t n = -1;

	cr_assert_eq(fp_db_int(s, &n, &err, text, FP_NOVALS), FP_OK, "%s", err.msg);
	return n;
}

static void upload(const char *name, const char *text)
{
	char *path = at("upload");

	cr_assert_eq(fp_fs_write_atomic(path, text, strlen(text), &err), FP_OK);
	cr_assert_eq(fp_queue_upload(s, &t, project, &name, (const char *const *)&path, 1, "anna", &err), FP_OK, "%s", err.msg);
	free(path);
}

/* The rule that was named, with a sentence for people. */
static void refused_by(const char *rule)
{
	cr_assert_str_eq(t.rule, rule, "%s instead of %s", t.rule, rule);
	cr_assert_eq(t.job_id, 0);
	cr_assert_neq(t.sentence[0], '\0');
}

static void accepted(void)
{
	cr_assert_str_eq(t.rule, "", "%s", t.sentence);
	cr_assert_gt(t.job_id, 0);
}

static void ask(enum fp_job_type type)
{
	cr_assert_eq(fp_queue_trigger(s, &t, project, type, "manual", "anna", &err), FP_OK, "%s", err.msg);
}

/* As an engine would leave them. */
static void job_is_active(int64_t id)
{
	sql("UPDATE job SET status = 'queued', queued_at = 1, owner_pid = 1, owner_start = 1, owner_boot = 'b' WHERE id = %lld", (long long)id);
}

static void job_is_finished(int64_t id)
{
	sql("UPDATE job SET status = 'finished', queued_at = 1, started_at = 1, finished_at = 2, owner_pid = NULL, owner_start = NULL, "
		"owner_boot = NULL, verdict = 'done' WHERE id = %lld", (long long)id);
}

static void processed(void)
{
	upload("p.qgs", "<qgis/>");
	accepted();
	job_is_finished(t.job_id);
	sql("UPDATE project SET check_ok = 1, checked_at = 2");
}

#define HEAD "{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-c314a007cfcd\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\",\"files\":[],\"deltas\":["

static struct fp_push_result push(int from, int to)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_push_result r;

	fp_buf_adds(&b, HEAD);
	for (int i = from; i <= to; i++)
		fp_buf_addf(&b, "%s{\"uuid\":\"u%d\",\"localPk\":\"%d\",\"sourcePk\":\"%d\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\","
			"\"method\":\"patch\",\"old\":{\"attributes\":{\"a\":1}},\"new\":{\"attributes\":{\"a\":2}}}", i > from ? "," : "", i, i, i);
	fp_buf_adds(&b, "]}");
	cr_assert_eq(fp_queue_push(s, &t, project, b.data, b.len, "anna", &r, &err), FP_OK, "%s", err.msg);
	fp_buf_free(&b);
	return r;
}

/* The change was applied by JOB, says the ledger. */
static void applied(int64_t change, int64_t job)
{
	sql("UPDATE change SET status = 'applied', job_id = %lld WHERE id = %lld", (long long)job, (long long)change);
	sql("INSERT INTO attempt (change_id, job_id, at, action, who, outcome) VALUES (%lld, %lld, 1, 'apply', 'anna', 'applied')",
		(long long)change, (long long)job);
}

Test(queue, no_job_before_a_project_file_is_there, .init = open_home)
{
	ask(FP_JOB_PROCESS_PROJECTFILE);
	refused_by("no_project_file");
	upload("data.csv", "a\n");
	refused_by("no_project_file");
	upload("p.qgs", "<qgis/>");
	accepted();
}

Test(queue, uploads_in_quick_succession_make_one_job, .init = open_home)
{
	int64_t first;

	upload("p.qgs", "<qgis/>");
	accepted();
	first = t.job_id;
	sql("UPDATE job SET touched_at = 1");
	upload("data.csv", "a\n");
	refused_by("already_pending");
	cr_assert_eq(t.pending_id, first);
	cr_assert(number("SELECT touched_at FROM job") > 1, "the job waits for uploads to settle");
	sql("UPDATE job SET created_at = 1, touched_at = 1");
	upload("data.csv", "b\n");
	cr_assert_eq(number("SELECT touched_at FROM job"), 1, "but not for ever");
	job_is_active(first);
	upload("data.csv", "c\n");
	accepted();
	cr_assert_gt(t.job_id, first);
}

Test(queue, attachments_need_no_processing, .init = open_home)
{
	processed();
	upload("DCIM/a.jpg", "x");
	refused_by("attachment_folder");
	upload("DCIMA/a.jpg", "x");
	accepted();
	job_is_finished(t.job_id);
	sql("UPDATE project SET facts = '{\"attachment_dirs\":[\"photos\",\"sound\"]}'");
	upload("sound/a.ogg", "x");
	refused_by("attachment_folder");
	upload("DCIM/b.jpg", "x");
	accepted();
}

Test(queue, the_same_files_again_need_no_processing_unless_it_failed, .init = open_home)
{
	processed();
	upload("p.qgs", "<qgis/>");
	refused_by("nothing_new");
	sql("UPDATE project SET check_ok = 0");
	upload("p.qgs", "<qgis/>");
	accepted();
}

Test(queue, changes_wait_for_a_processed_project_and_for_something_to_do, .init = open_home)
{
	struct fp_push_result r = push(1, 3);

	cr_assert_eq(r.accepted, 3);
	refused_by("never_processed");
	processed();
	ask(FP_JOB_DELTA_APPLY);
	accepted();
	ask(FP_JOB_DELTA_APPLY);
	refused_by("already_pending");
	job_is_active(number("SELECT max(id) FROM job"));
	push(4, 4);
	accepted();
	sql("UPDATE job SET status = 'stopped', finished_at = 1, verdict = 'x' WHERE status = 'pending'");
	sql("UPDATE change SET status = 'ignored'");
	ask(FP_JOB_DELTA_APPLY);
	refused_by("nothing_to_apply");
}

Test(queue, a_package_needs_a_project_that_was_processed, .init = open_home)
{
	ask(FP_JOB_PACKAGE);
	refused_by("no_project_file");
	processed();
	ask(FP_JOB_PACKAGE);
	accepted();
	ask(FP_JOB_PACKAGE);
	refused_by("already_pending");
}

Test(queue, the_same_changes_pushed_twice_are_one, .init = open_home)
{
	struct fp_push_result r;

	processed();
	push(1, 3);
	accepted();
	r = push(2, 4);
	cr_assert_eq(r.accepted, 1);
	cr_assert_eq(r.known, 2);
	refused_by("already_pending");
	cr_assert_eq(number("SELECT count(*) FROM change"), 4);
	cr_assert_eq(number("SELECT count(*) FROM job WHERE status = 'pending'"), 1);
}

Test(queue, a_faulty_deltafile_is_refused_and_kept_with_its_reason, .init = open_home)
{
	static const char text[] = HEAD "{\"method\":\"upsert\"}]}";
	struct fp_push_result r;

	processed();
	cr_assert_eq(fp_queue_push(s, &t, project, text, strlen(text), "anna", &r, &err), FP_E_INVALID);
	cr_assert(strstr(err.msg, "deltas[0]") != NULL, "%s", err.msg);
	cr_assert(strstr(err.hint, "kept") != NULL, "%s", err.hint);
	cr_assert_eq(t.job_id, 0);
	cr_assert_eq(number("SELECT count(*) FROM deltafile WHERE reason LIKE 'deltas[0]%'"), 1);
	cr_assert_eq(number("SELECT count(*) FROM change"), 0);
	cr_assert_eq(number("SELECT count(*) FROM activity WHERE what = 'push refused'"), 1);
}

Test(queue, a_folder_is_taken_whole_or_not_at_all, .init = open_home)
{
	char *from = at("from"), *sub = at("from/sub"), *a = at("from/p.qgs"), *b = at("from/sub/b.csv"), *h = at("from/.git"), *l = at("from/link");
	char *bad = at("from/sub/b\nc");
	int64_t files, hidden;

	cr_assert_eq(mkdir(from, 0700) | mkdir(sub, 0700), 0);
	cr_assert_eq(fp_queue_upload_folder(s, &t, project, from, "anna", &files, &hidden, &err), FP_E_INVALID);
	cr_assert_eq(fp_fs_write_atomic(a, "<qgis/>", 7, &err) | fp_fs_write_atomic(b, "x", 1, &err) | fp_fs_write_atomic(h, "x", 1, &err), FP_OK);
	cr_assert_eq(symlink("/etc/passwd", l), 0);
	cr_assert_eq(fp_fs_write_atomic(bad, "x", 1, &err), FP_OK);
	cr_assert_eq(fp_queue_upload_folder(s, &t, project, from, "anna", &files, &hidden, &err), FP_E_INVALID);
	cr_assert_null(strchr(err.msg, '\n'));
	cr_assert_eq(number("SELECT count(*) FROM file"), 0);
	cr_assert_eq(unlink(bad), 0);
	cr_assert_eq(fp_queue_upload_folder(s, &t, project, from, "anna", &files, &hidden, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(files, 2);
	cr_assert_eq(hidden, 2);
	accepted();
	free(from), free(sub), free(a), free(b), free(h), free(l), free(bad);
}

static void ledger_says(int64_t change, enum fp_action action, const char *why)
{
	char said[128];

	cr_assert_eq(fp_queue_objection(s, change, action, said, &err), FP_OK);
	cr_assert_str_eq(said, why, "%s %lld", fp_action_word(action), (long long)change);
}

Test(queue, what_makes_sense_is_asked_of_the_ledger_not_of_the_status, .init = open_home)
{
	int64_t job;

	processed();
	push(1, 6);
	job = t.job_id;
	job_is_finished(job);
	applied(1, job);
	sql("UPDATE change SET status = 'conflict' WHERE id = 2");
	sql("UPDATE change SET status = 'ignored' WHERE id = 4");
	sql("UPDATE change SET status = 'started', taken_by = %lld, prior_status = 'pending' WHERE id = 5", (long long)job);
	applied(6, job);
	sql("UPDATE change SET status = 'conflict' WHERE id = 6");
	ledger_says(1, FP_ACTION_REAPPLY, "already applied in job 2");
	ledger_says(1, FP_ACTION_FORCE, "");
	ledger_says(1, FP_ACTION_IGNORE, "already applied in job 2");
	ledger_says(2, FP_ACTION_REAPPLY, "");
	ledger_says(2, FP_ACTION_IGNORE, "");
	ledger_says(2, FP_ACTION_NONE, "");
	ledger_says(3, FP_ACTION_APPLY, "");
	ledger_says(4, FP_ACTION_IGNORE, "is ignored already");
	ledger_says(4, FP_ACTION_REAPPLY, "");
	ledger_says(4, FP_ACTION_RESTORE, "");
	ledger_says(2, FP_ACTION_RESTORE, "is not ignored");
	ledger_says(2, FP_ACTION_UNDO, "was never applied");
	ledger_says(1, FP_ACTION_UNDO, "wrote nothing that is on record");
	ledger_says(5, FP_ACTION_FORCE, "is being applied now by job 2");
	ledger_says(6, FP_ACTION_REAPPLY, "already applied in job 2");
	ledger_says(99, FP_ACTION_APPLY, "is not there any more");
}

Test(queue, the_ledger_itself_refuses_a_second_application, .init = open_home)
{
	processed();
	push(1, 1);
	job_is_finished(t.job_id);
	applied(1, t.job_id);
	ask(FP_JOB_PROCESS_PROJECTFILE);
	cr_assert_eq(sqlite3_exec(s->db, "INSERT INTO attempt (change_id, job_id, at, action, who, outcome) VALUES (1, 3, 1, 're-apply', 'x', 'applied')",
		NULL, NULL, NULL) & 0xff, SQLITE_CONSTRAINT);
	sql("INSERT INTO attempt (change_id, job_id, at, action, who, outcome) VALUES (1, 3, 1, 'force', 'x', 'applied')");
}

Test(queue, this_and_newer_stays_in_its_project_oldest_first, .init = open_home)
{
	char mine[37], other[37];
	int64_t *ids;
	size_t n;

	push(1, 2);
	memcpy(mine, project, sizeof mine);
	cr_assert_eq(fp_project_create(s, other, "Trees", "anna", &err), FP_OK);
	memcpy(project, other, sizeof project);
	push(1, 1);
	memcpy(project, mine, sizeof project);
	push(3, 3);
	cr_assert_eq(fp_queue_this_and_newer(s, 2, &ids, &n, &err), FP_OK);
	cr_assert_eq(n, 2);
	cr_assert_eq(ids[0], 2);
	cr_assert_eq(ids[1], 4);
	free(ids);
	cr_assert_eq(fp_queue_this_and_newer(s, 99, &ids, &n, &err), FP_E_NOTFOUND);
}

Test(queue, cancel_stops_a_pending_job_and_wishes_it_of_a_running_one, .init = open_home)
{
	int64_t first;

	upload("p.qgs", "<qgis/>");
	first = t.job_id;
	cr_assert_eq(fp_queue_cancel(s, first, "bert", &err), FP_OK, "%s", err.msg);
	cr_assert_eq(number("SELECT status = 'stopped' AND verdict LIKE 'Cancelled by bert%' FROM job"), 1);
	cr_assert_eq(fp_queue_cancel(s, first, "bert", &err), FP_E_REFUSED);
	cr_assert_eq(fp_queue_cancel(s, 99, "bert", &err), FP_E_NOTFOUND);
	cr_assert_eq(fp_queue_retry(s, &t, first, "bert", &err), FP_OK);
	accepted();
	cr_assert_eq(fp_queue_retry(s, &t, t.job_id, "bert", &err), FP_E_REFUSED);
	first = number("SELECT max(id) FROM job");
	job_is_active(first);
	cr_assert_eq(fp_queue_cancel(s, first, "bert", &err), FP_OK);
	cr_assert_eq(fp_queue_cancel(s, first, "carl", &err), FP_OK);
	cr_assert_eq(number("SELECT cancel_requested AND cancelled_by = 'bert' AND status = 'queued' FROM job ORDER BY id DESC"), 1);
}

Test(queue, a_busy_project_is_not_deleted_an_idle_one_with_its_files, .init = open_home)
{
	char *dir = fp_asprintf("%s/home/projects/%s", folder, project);
	int64_t job;

	processed();
	push(1, 3);
	job = t.job_id;
	applied(1, job);
	job_is_active(job);
	cr_assert_eq(fp_project_delete(s, project, "anna", &err), FP_E_REFUSED);
	cr_assert(strstr(err.hint, "cancel") != NULL);
	job_is_finished(job);
	cr_assert_eq(access(dir, F_OK), 0);
	cr_assert_eq(fp_project_delete(s, project, "anna", &err), FP_OK, "%s", err.msg);
	cr_assert_eq(access(dir, F_OK), -1);
	cr_assert_eq(number("SELECT (SELECT count(*) FROM change) + (SELECT count(*) FROM attempt) + (SELECT count(*) FROM job) + (SELECT count(*) FROM file)"), 0);
	cr_assert_eq(number("SELECT count(*) FROM activity WHERE what = 'delete project' AND project_name = 'Bees'"), 1);
	free(dir);
}

/* Eight people push the same three changes and ask for jobs at once: three changes, one pending job. */
Test(queue, people_who_push_at_once_make_one_job, .init = open_home)
{
	char *home = at("home");
	pid_t pids[8];

	processed();
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct fp_store *own;
			struct fp_push_result r;
			struct fp_buf b = FP_BUF_INIT;
			if (fp_store_open(&own, home, 0, &err) != FP_OK)
				_exit(1);
			fp_buf_adds(&b, HEAD);
			for (int d = 0; d < 3; d++)
				fp_buf_addf(&b, "%s{\"uuid\":\"u%d\",\"localPk\":\"1\",\"sourcePk\":\"1\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\","
					"\"method\":\"delete\",\"old\":{}}", d ? "," : "", d);
			fp_buf_adds(&b, "]}");
			if (fp_queue_push(own, &t, project, b.data, b.len, "x", &r, &err) != FP_OK)
				_exit(2);
			if (fp_queue_trigger(own, &t, project, FP_JOB_PROCESS_PROJECTFILE, "manual", "x", &err) != FP_OK)
				_exit(3);
			fp_store_close(own);
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;
		cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
		cr_assert_eq(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
	}
	cr_assert_eq(number("SELECT count(*) FROM change"), 3);
	cr_assert_eq(number("SELECT count(*) FROM job WHERE status = 'pending'"), 2);
	free(home);
}

static void collect(void *arg, enum fp_finding f, const char *line)
{
	if (f != FP_FINDING_GOOD)
		fp_buf_addf(arg, "%d %s\n", (int)f, line);
}

Test(queue, the_check_finds_garbage_and_corruption_and_sweeps_only_garbage, .init = open_home)
{
	char *orphan, *lost, *path, *work = at("home/work/77");
	struct fp_buf b = FP_BUF_INIT;
	int64_t faults;

	processed();
	upload("data.csv", "abc");
	push(1, 2);
	cr_assert_eq(fp_store_check(s, 0, collect, &b, &faults, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(faults, 0, "%s", b.data);
	cr_assert(strstr(b.data, sqlite3_libversion()) != NULL, "the library's version is named");
	cr_assert_eq(fp_db_str(s, &path, &err, "SELECT v.path FROM file_version v JOIN file f ON f.id = v.file_id WHERE f.name = 'data.csv'", FP_NOVALS), FP_OK);
	lost = fp_asprintf("%s/home/%s", folder, path);
	orphan = fp_asprintf("%s/home/%.*s/9", folder, (int)(strlen(path) - 2), path);
	cr_assert_eq(fp_fs_write_atomic(orphan, "x", 1, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_fs_mkdirs(work, &err), FP_OK);
	cr_assert_eq(unlink(lost), 0);
	sql("UPDATE change_count SET n = 5");
	fp_buf_clear(&b);
	cr_assert_eq(fp_store_check(s, 1, collect, &b, &faults, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(faults, 2, "%s", b.data);
	cr_assert(strstr(b.data, "Bees counts 5 pending changes, there are 2") != NULL, "%s", b.data);
	cr_assert(strstr(b.data, "missing: the bytes of version 1 of data.csv") != NULL, "%s", b.data);
	cr_assert(strstr(b.data, orphan) != NULL, "%s", b.data);
	cr_assert_eq(access(orphan, F_OK), -1);
	cr_assert_eq(access(work, F_OK), -1);
	free(orphan);
	free(lost);
	free(path);
	free(work);
	fp_buf_free(&b);
}
