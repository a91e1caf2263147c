/* Packages as the engine sees them: when one is made, how it becomes true, what makes it stale, how long it stays. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/engine.h"
#include "engine/store/check.h"
#include "engine/store/packages.h"
#include "engine/store/projects.h"
#include "tests/package_home.h"

static struct home h;
static struct fp_error err;

static void begin(void)
{
	home_open(&h);
	home_process(&h);
}

static void end(void)
{
	home_close(&h);
}

TestSuite(packages, .timeout = 60, .init = begin, .fini = end);

static void ask(void)
{
	cr_assert_eq(fp_queue_trigger(h.s, &h.t, h.project, FP_JOB_PACKAGE, "manual", "anna", &err), FP_OK, "%s", err.msg);
}

static void refused_by(const char *rule, const char *says)
{
	ask();
	cr_assert_eq(h.t.job_id, 0);
	cr_assert_str_eq(h.t.rule, rule, "%s", h.t.sentence);
	cr_assert(strstr(h.t.sentence, says), "no \"%s\" in: %s", says, h.t.sentence);
}

static void write_store(const char *sql)
{
	cr_assert_eq(fp_store_begin(h.s, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_store_end(h.s, fp_db_run(h.s, &err, sql, FP_NOVALS), &err), FP_OK, "%s", err.msg);
}

static char *path_of(int64_t job, const char *name)
{
	return fp_asprintf("%s/projects/%s/packages/%lld%s%s", h.path, h.project, (long long)job, *name ? "/" : "", name);
}

static int is_there(int64_t job, const char *name)
{
	char *path = path_of(job, name);
	int there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static int64_t packages(void)
{
	return home_number(&h, "SELECT count(*) FROM package");
}

static struct stat look_at(int64_t job, const char *name)
{
	char *path = path_of(job, name);
	struct stat sb;

	cr_assert_eq(lstat(path, &sb), 0, "%s", path);
	free(path);
	return sb;
}

/* A layer of the newest check, without a check. */
static void add_layer(const char *id, const char *provider, const char *filename)
{
	char *sql = fp_asprintf("INSERT INTO layer (project_id, layer_id, name, type, provider, crs, datasource, is_valid, status, error_summary,"
		" provider_summary, confidence, detail, remedy, pk, filename, warnings, json, since_job, since) VALUES ('%s', '%s', '%s', 'vector', '%s', '', '', 1,"
		" 'ok', '', '', '', '', '', '', '%s', '[]', '{}', 1, 1)", h.project, id, id, provider, filename);

	write_store(sql);
	free(sql);
}

/* ---- rules ---- */

Test(packages, a_project_that_was_never_processed_is_not_packaged)
{
	char other[37];

	cr_assert_eq(fp_project_create(h.s, other, "Other", "anna", &err), FP_OK);
	memcpy(h.project, other, sizeof other);
	refused_by("no_project_file", "No .qgs or .qgz");
	home_put(&h, "p.qgs", "<qgis/>");
	refused_by("never_processed", "never succeeded");
}

Test(packages, one_that_is_pending_will_do)
{
	ask();
	cr_assert_gt(h.t.job_id, 0);
	refused_by("already_pending", "already pending (job ");
}

Test(packages, without_anything_new_the_last_good_one_is_current)
{
	package_make(&h, "one");
	refused_by("nothing_new", "Nothing changed since package ");
	home_put(&h, "DCIM/photo.jpg", "a photo");
	home_put(&h, "p.qgs~", "what QGIS leaves behind");
	refused_by("nothing_new", "no vector layer is online");
	home_put(&h, "notes.txt", "new");
	ask();
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
}

Test(packages, online_vector_layers_always_make_a_new_one_allowed)
{
	package_make(&h, "one");
	add_layer("trees", "ogr", "survey.gpkg");
	add_layer("view", "virtual", "");
	add_layer("sketch", "memory", "");
	refused_by("nothing_new", "");
	add_layer("posts", "postgres", "");
	ask();
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
}

Test(packages, one_whose_files_were_damaged_may_be_made_again)
{
	int64_t job = package_make(&h, "one");
	char *path = path_of(job, "data.gpkg");

	cr_assert_eq(unlink(path), 0);
	ask();
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
	free(path);
}

/* Other bytes of the same number, or the same ones again. */
static void write_over(int64_t job, const char *name, const char *text)
{
	char *path = path_of(job, name);
	int fd;

	usleep(20000); /* clocks of files tick slowly */
	cr_assert_eq(chmod(path, 0600), 0);
	fd = open(path, O_WRONLY);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	free(path);
}

Test(packages, one_whose_files_were_written_to_may_be_made_again)
{
	write_over(package_make(&h, "one"), "data.gpkg", "two");
	ask();
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
}

static int fork_engine_until(const char *sql)
{
	pid_t pid = home_engine(&h);

	for (int i = 0; i < 500 && home_number(&h, sql) != 1; i++)
		usleep(10000);
	cr_assert_eq(home_number(&h, sql), 1);
	return pid;
}

Test(packages, one_that_runs_will_do_unless_something_changed_since_it_began)
{
	char *script = package_script("one"), *slow = fp_asprintf("sleep 1500\n%s", script);
	pid_t pid;

	home_script(&h, FP_JOB_PACKAGE, slow);
	ask();
	pid = fork_engine_until("SELECT status = 'started' FROM job ORDER BY id DESC");
	refused_by("already_pending", "is running");
	home_put(&h, "notes.txt", "while it runs");
	ask();
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
	waitpid(pid, NULL, 0);
	cr_assert_eq(packages(), 2);
	free(script);
	free(slow);
}

/* ---- becoming true ---- */

struct seen {
	struct fp_package_row k;
	char verdict[256], fresh[128], notes[256];
};

static void take(void *arg, const struct fp_package_row *k)
{
	struct seen *s = arg;

	s->k = *k;
	snprintf(s->verdict, sizeof s->verdict, "%s", k->verdict);
	snprintf(s->fresh, sizeof s->fresh, "%s", k->freshness.text);
	snprintf(s->notes, sizeof s->notes, "%s", k->notes);
}

static struct seen newest(void)
{
	struct seen s;

	cr_assert_eq(fp_package_get(h.s, h.project, 0, take, &s, &err), FP_OK, "%s", err.msg);
	return s;
}

Test(packages, what_was_made_is_listed_with_its_files_its_layers_and_one_sentence)
{
	int64_t job = package_make(&h, "one");
	struct seen s = newest();

	cr_assert_str_eq(s.verdict, "4 layers: 2 offline (1,200 features), 1 copied, 1 removed; 3 rows left out; 3 files, 16 B; 2 warnings");
	cr_assert_eq(s.k.job_id, job);
	cr_assert_eq(s.k.newest, 1);
	cr_assert_eq(s.k.features, 1200, "layers of one table count once");
	cr_assert_str_eq(s.fresh, "current");
	cr_assert(strstr(s.notes, "a password"));
	cr_assert_eq(package_read_all(&h), 3);
	cr_assert_eq(home_number(&h, "SELECT packaged_at > 0 FROM project"), 1);
	cr_assert_eq(home_number(&h, "SELECT k.basis_at = j.queued_at FROM package k JOIN job j ON j.id = k.job_id"), 1);
	cr_assert_eq(is_there(job, "p.qgs"), 0);
}

static void keep_layer(void *arg, const struct fp_package_layer_row *l)
{
	json_t *o = json_pack("{s:s,s:s,s:I,s:I}", "id", l->id, "action", l->action, "skipped", (json_int_t)l->n_skipped, "warnings", (json_int_t)l->n_warnings);

	json_object_set_new(o, "source", *l->source ? json_loads(l->source, 0, NULL) : json_null());
	json_object_set_new(o, "packaged", *l->packaged ? json_loads(l->packaged, 0, NULL) : json_null());
	json_array_append_new(arg, o);
}

Test(packages, both_lists_of_layers_are_kept_with_the_keys_that_clients_read)
{
	json_t *all = json_array(), *trees, *gone;

	cr_assert_eq(fp_package_layers(h.s, package_make(&h, "one"), 0, 100, keep_layer, all, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(json_array_size(all), 4);
	trees = json_array_get(all, 0);
	gone = json_array_get(all, 1);
	cr_assert_str_eq(fp_json_str(trees, "id"), "trees");
	cr_assert_str_eq(fp_json_str(json_object_get(trees, "source"), "error_code"), "no_error");
	cr_assert_str_eq(fp_json_str(json_object_get(trees, "packaged"), "error_code"), "no_error");
	cr_assert_eq(fp_json_int(trees, "skipped", 0), 3);
	cr_assert_str_eq(fp_json_str(json_object_get(gone, "source"), "error_code"), "invalid_dataprovider");
	cr_assert_str_eq(fp_json_str(json_object_get(gone, "source"), "provider_error_summary"), "File missing.");
	cr_assert(json_is_false(json_object_get(json_object_get(gone, "source"), "is_localized")));
	cr_assert(json_is_null(json_object_get(gone, "packaged")));
	json_decref(all);
}

Test(packages, what_the_home_has_already_is_linked_and_attachments_are_added)
{
	struct stat file, photo;
	int64_t job;

	home_put(&h, "ras/r.tif", "height");
	home_put(&h, "data.gpkg", "another one");
	home_put(&h, "DCIM/2026/a.jpg", "a photo");
	job = package_make(&h, "one");
	file = look_at(job, "ras/r.tif");
	photo = look_at(job, "DCIM/2026/a.jpg");
	cr_assert_eq(file.st_nlink, 2);
	cr_assert_eq(photo.st_nlink, 2);
	cr_assert_eq(look_at(job, "data.gpkg").st_nlink, 1, "other bytes under the same name are not the same file");
	cr_assert_eq(home_number(&h, "SELECT is_attachment FROM package_file WHERE name = 'DCIM/2026/a.jpg'"), 1);
	cr_assert_eq(home_number(&h, "SELECT attachments * 100 + files FROM package"), 103);
	cr_assert_eq(package_read_all(&h), 4);
}

Test(packages, attachments_beside_a_project_in_a_folder_lie_beside_it_in_the_package)
{
	char other[37];

	cr_assert_eq(fp_project_create(h.s, other, "Other", "anna", &err), FP_OK);
	memcpy(h.project, other, sizeof other);
	home_put(&h, "Alps/p.qgs", "<qgis/>");
	home_put(&h, "Alps/DCIM/a.jpg", "from the office");
	home_put(&h, "Alps/DCIM/b.jpg", "an older one");
	home_put(&h, "DCIM/b.jpg", "from a device");
	home_put(&h, "Alps/ras/r.tif", "height");
	home_process(&h);
	cr_assert_eq(look_at(package_make(&h, "one"), "ras/r.tif").st_nlink, 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM package_file WHERE is_attachment AND name IN ('DCIM/a.jpg', 'DCIM/b.jpg')"), 2);
	cr_assert_eq(home_number(&h, "SELECT size FROM package_file WHERE name = 'DCIM/b.jpg'"), strlen("from a device"));
	home_put(&h, "Alps/DCIM/c.jpg", "later");
	refused_by("nothing_new", "");
}

Test(packages, a_large_attachment_whose_etag_nobody_knows_yet_is_read_for_it)
{
	char *big = fp_alloc(10000001), *path = fp_path_join(h.folder, "video");

	memset(big, 'x', 10000000);
	home_put(&h, "DCIM/video.mp4", big);
	cr_assert_str_eq(home_text(&h, "SELECT etag FROM file_version WHERE size = 10000000"), "1e762c1c6ca960a51ce95942752cf1f6-2");
	write_store("UPDATE file_version SET etag = '' WHERE size = 10000000");
	package_make(&h, "one");
	cr_assert_str_eq(home_text(&h, "SELECT etag FROM package_file WHERE is_attachment"), "1e762c1c6ca960a51ce95942752cf1f6-2");
	free(big);
	free(path);
}

static void begin_sample(void)
{
	home_close(&h); /* the suite's own */
	home_open_sample(&h);
}

Test(packages, the_real_worker_makes_one_that_opens_as_the_project_did, .init = begin_sample)
{
	struct seen s;

	ask();
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
	home_run(&h);
	s = newest();
	cr_assert_eq(s.k.layers, 7);
	cr_assert_eq(s.k.offline, 2);
	cr_assert_eq(s.k.features, 46);
	cr_assert_eq(package_read_all(&h), s.k.files);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM package_layer WHERE action <> 'removed' AND json_extract(packaged, '$.error_code') <> 'no_error'"), 0);
	cr_assert_eq(look_at(s.k.job_id, "inspectors.csv").st_nlink, 2, "what is copied as it is costs a link");
	refused_by("nothing_new", "");
}

/* ---- becoming nothing ---- */

/* A worker that does the rest of its work before MORE, or nothing but that. */
static void fails_with(int rest, const char *more, const char *says)
{
	char *good = package_script("bad"), *whole = fp_asprintf("%s%s", rest ? good : "", more);
	int64_t job;

	home_script(&h, FP_JOB_PACKAGE, whole);
	ask();
	cr_assert_gt(h.t.job_id, 0, "%s", h.t.sentence);
	job = h.t.job_id;
	home_run(&h);
	cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), "failed");
	cr_assert(strstr(home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"), says), "%s", home_text(&h, "SELECT verdict FROM job ORDER BY id DESC"));
	cr_assert_eq(packages(), 1);
	cr_assert_eq(home_number(&h, "SELECT count(DISTINCT job_id) FROM package_base"), 1);
	cr_assert_eq(is_there(job, ""), 0, "a folder of a package that nobody lists");
	cr_assert_eq(package_read_all(&h), 3);
	free(good);
	free(whole);
}

Test(packages, nothing_of_a_job_that_failed_is_listed_and_the_last_good_one_stays)
{
	package_make(&h, "good");
	fails_with(1, "event packed {\"id\":\"x\",\"name\":\"x\",\"action\":\"lost\",\"table\":null,\"features\":0,\"skipped\":[],\"warnings\":[],\"pk\":null,"
		"\"read_only\":false}\n", "unknown action \"lost\"");
	fails_with(1, "kill 9\n", "killed by signal 9");
	fails_with(1, "event file {\"name\":\"nowhere\"}\n", "no file of its making");
	fails_with(1, "event file {\"name\":\"data.gpkg\"}\n", "no file of its making");
	fails_with(1, "event file {\"name\":\"../in/p.qgs\"}\n", "points outside");
	fails_with(1, "link secret /etc/passwd\nevent file {\"name\":\"secret\"}\n", "no file of its making");
	fails_with(1, "write b.qgz two\nevent file {\"name\":\"b.qgz\"}\n", "2 project files");
	fails_with(1, "event commit {\"transactions\":[]}\n", "wanted to commit");
	fails_with(0, "log info nothing\n", "made no package");
	fails_with(0, "write a.txt x\nevent file {\"name\":\"a.txt\"}\n", "0 project files");
	cr_assert_str_eq(newest().fresh, "1 file since", "the script");
}

Test(packages, a_cancelled_one_leaves_nothing)
{
	char *script = package_script("one"), *slow = fp_asprintf("%ssleep 20000\n", script);
	pid_t pid;

	home_script(&h, FP_JOB_PACKAGE, slow);
	ask();
	pid = fork_engine_until("SELECT status = 'started' FROM job ORDER BY id DESC");
	cr_assert_eq(fp_queue_cancel(h.s, h.t.job_id, "anna", &err), FP_OK, "%s", err.msg);
	waitpid(pid, NULL, 0);
	cr_assert_str_eq(home_text(&h, "SELECT status FROM job ORDER BY id DESC"), "stopped");
	cr_assert_eq(packages(), 0);
	cr_assert_eq(fp_package_get(h.s, h.project, 0, take, &(struct seen){0}, &err), FP_E_NOTFOUND);
	cr_assert(strstr(err.msg, "no package yet"));
	cr_assert_eq(fp_package_get(h.s, h.project, h.t.job_id, take, &(struct seen){0}, &err), FP_E_NOTFOUND);
	cr_assert(strstr(err.msg, "stopped"), "%s", err.msg);
	free(script);
	free(slow);
}

/* ---- what came since ---- */

static void says(const char *text)
{
	struct seen s = newest();

	cr_assert_str_eq(s.fresh, text);
}

Test(packages, a_package_says_what_came_since_the_state_that_it_shows)
{
	home_put(&h, "notes.txt", "one");
	package_make(&h, "one");
	says("current");
	home_put(&h, "DCIM/a.jpg", "a photo");
	says("current");
	home_put(&h, "notes.txt", "two");
	says("1 file since");
	home_put(&h, "notes.txt", "one");
	says("current");
	home_put(&h, "more.txt", "two");
	write_store("UPDATE file SET removed = 1 WHERE name = 'notes.txt'");
	says("2 files since");
	home_script(&h, FP_JOB_DELTA_APPLY, "apply\n");
	says("3 files since");
	home_push(&h, 1, 2);
	h.layer = "m";
	home_push(&h, 3, 3);
	home_run(&h);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'"), 3);
	says("3 changes in 2 layers and 3 files since");
	package_make(&h, "two");
	says("current");
	h.layer = "l";
	home_push(&h, 4, 4);
	home_run(&h);
	says("1 change in 1 layer since");
	add_layer("posts", "postgres", "");
	package_make(&h, "three");
	says("current but for 1 online layer");
}

Test(packages, what_came_while_it_was_made_is_not_in_it)
{
	char *script = package_script("one"), *slow = fp_asprintf("sleep 700\n%s", script);
	pid_t pid;

	home_script(&h, FP_JOB_PACKAGE, slow);
	ask();
	pid = fork_engine_until("SELECT status = 'started' FROM job ORDER BY id DESC");
	home_put(&h, "notes.txt", "while it runs");
	waitpid(pid, NULL, 0);
	says("1 file since");
	free(script);
	free(slow);
}

/* ---- side by side ---- */

static void keep_file_diff(void *arg, const struct fp_package_file_diff *d)
{
	fp_buf_addf(arg, "%s %s %lld %lld\n", d->change, d->name, (long long)d->before, (long long)d->after);
}

static void keep_layer_diff(void *arg, const struct fp_package_layer_diff *d)
{
	fp_buf_addf(arg, "%s %s %s>%s %lld>%lld\n", d->change, d->id, d->action_before, d->action_after, (long long)d->before, (long long)d->after);
}

Test(packages, two_are_compared_by_files_and_rows)
{
	struct fp_buf b = FP_BUF_INIT;
	int64_t one, two, before;

	home_put(&h, "DCIM/a.jpg", "a photo");
	one = package_make(&h, "one");
	home_script(&h, FP_JOB_PACKAGE, "event packed {\"id\":\"trees\",\"name\":\"trees\",\"action\":\"offline\",\"table\":\"trees_1\",\"features\":1201,\"skipped\":[],"
		"\"warnings\":[],\"pk\":\"fid\",\"read_only\":false}\nevent packed {\"id\":\"height\",\"name\":\"height\",\"action\":\"copy\",\"table\":null,\"features\":0,"
		"\"skipped\":[],\"warnings\":[],\"pk\":null,\"read_only\":false}\nevent packed {\"id\":\"new\",\"name\":\"new\",\"action\":\"online\",\"table\":null,"
		"\"features\":0,\"skipped\":[],\"warnings\":[],\"pk\":null,\"read_only\":false}\n"
		"write p_qfield.qgz project\nwrite data.gpkg longer\nevent file {\"name\":\"data.gpkg\"}\nevent file {\"name\":\"p_qfield.qgz\"}\n");
	ask();
	two = h.t.job_id;
	home_run(&h);
	cr_assert_eq(fp_package_compare_files(h.s, one, two, 0, 100, keep_file_diff, &b, &err), FP_OK, "%s", err.msg);
	cr_assert_str_eq(b.data, "changed data.gpkg 3 6\nremoved ras/r.tif 6 -1\n");
	fp_buf_clear(&b);
	cr_assert_eq(fp_package_compare_layers(h.s, one, two, 0, 100, keep_layer_diff, &b, &err), FP_OK, "%s", err.msg);
	cr_assert_str_eq(b.data, "changed trees offline>offline 1200>1201\nadded new >online -1>0\n"
		"removed gone removed> 0>-1\nremoved oaks offline> 1200>-1\nsame height copy>copy 0>0\n");
	cr_assert_eq(fp_package_before(h.s, h.project, two, &before, &err), FP_OK);
	cr_assert_eq(before, one);
	fp_buf_free(&b);
}

/* ---- how long ---- */

Test(packages, as_many_are_kept_as_the_configuration_says_and_one_that_is_read_stays)
{
	int64_t jobs[4];
	int hold = -1, other = -1;

	h.conf.packages_keep = 2;
	jobs[0] = package_make(&h, "0");
	cr_assert_eq(fp_package_hold(h.s, jobs[0], &hold, &err), FP_OK, "%s", err.msg);
	for (int i = 1; i < 4; i++) {
		char text[2] = {(char)('0' + i), 0};
		jobs[i] = package_make(&h, text);
	}
	cr_assert_eq(packages(), 2);
	cr_assert_eq(home_number(&h, "SELECT count(*) FROM package_file"), 6);
	cr_assert_eq(is_there(jobs[0], "data.gpkg"), 1, "somebody reads it");
	cr_assert_eq(is_there(jobs[1], ""), 0);
	cr_assert_eq(package_read_all(&h), 6);
	cr_assert_eq(fp_package_hold(h.s, jobs[0], &other, &err), FP_E_NOTFOUND);
	cr_assert(strstr(err.msg, "newer ones took its place"), "%s", err.msg);
	fp_package_release(hold);
	home_put(&h, "notes.txt", "new");
	package_make(&h, "4");
	cr_assert_eq(is_there(jobs[0], ""), 0);
}

/* ---- doctor ---- */

static struct fp_buf said;

static void hear(void *arg, enum fp_finding kind, const char *line)
{
	(void)arg;
	if (kind == FP_FINDING_FAULT || kind == FP_FINDING_GARBAGE)
		fp_buf_addf(&said, "%s\n", line);
}

static int64_t doctor(int repair)
{
	int64_t faults;

	fp_buf_clear(&said);
	fp_buf_add(&said, "", 0);
	cr_assert_eq(fp_store_check(h.s, repair, hear, NULL, &faults, &err), FP_OK, "%s", err.msg);
	return faults;
}

Test(packages, doctor_sees_what_is_missing_and_sweeps_what_nobody_lists)
{
	int64_t job = package_make(&h, "one");
	char *path = path_of(job, "ras/r.tif"), *stray = path_of(99999, "deep/er");

	cr_assert_eq(doctor(0), 0, "%s", said.data);
	cr_assert_str_eq(said.data, "");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(fp_fs_mkdirs(stray, &err), FP_OK);
	cr_assert_eq(doctor(1), 1);
	cr_assert(strstr(said.data, "missing: a file of package"), "%s", said.data);
	cr_assert(strstr(said.data, "no package is listed there"), "%s", said.data);
	cr_assert_eq(is_there(99999, ""), 0);
	cr_assert_eq(is_there(job, "data.gpkg"), 1);
	free(path);
	free(stray);
}

Test(packages, doctor_reads_what_was_written_to)
{
	int64_t job = package_make(&h, "one");

	write_over(job, "data.gpkg", "one");
	cr_assert_eq(doctor(0), 0, "%s", said.data);
	write_over(job, "data.gpkg", "two");
	cr_assert_eq(doctor(0), 1);
	cr_assert(strstr(said.data, "changed: a file of package"), "%s", said.data);
}

Test(packages, a_project_takes_its_packages_along_when_it_goes)
{
	package_make(&h, "one");
	cr_assert_eq(fp_project_delete(h.s, h.project, "anna", &err), FP_OK, "%s", err.msg);
	cr_assert_eq(packages() + home_number(&h, "SELECT (SELECT count(*) FROM package_file) + (SELECT count(*) FROM package_base)"), 0);
	cr_assert_eq(doctor(0), 0);
	cr_assert_str_eq(said.data, "");
}

/* ---- killed ---- */

/* At every named point: the new one is listed whole or not at all, the old one stays, and doctor finds nothing but garbage. */
static void die_at(const char *point)
{
	int64_t old = package_make(&h, "old");
	char *script = package_script("new");
	int status;
	pid_t pid;

	home_script(&h, FP_JOB_PACKAGE, script);
	ask();
	pid = fork();
	if (pid == 0) {
		struct fp_store *own;
		setenv("FIELDPOST_FAIL_AT", point, 1);
		if (fp_store_open(&own, h.path, 0, &err) == FP_OK)
			fp_engine_run(own, &h.conf, 1, &err);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	cr_assert(WIFSIGNALED(status), "nobody died at %s", point);
	cr_assert_eq(package_read_all(&h), strcmp(point, "package:after") == 0 ? 6 : 3);
	cr_assert_eq(home_number(&h, "SELECT min(job_id) FROM package"), old);
	cr_assert_eq(doctor(1), 0, "%s", said.data);
	home_run(&h);
	cr_assert_eq(package_read_all(&h), 6, "a new job follows by itself");
	cr_assert_eq(doctor(0), 0, "%s", said.data);
	cr_assert_str_eq(said.data, "");
	free(script);
}

Test(packages, dying_before_anything_is_published_publishes_nothing)
{
	die_at("package:before");
}

Test(packages, dying_when_the_rows_are_written_publishes_nothing)
{
	die_at("package:rows");
}

Test(packages, dying_when_the_folder_is_in_its_place_publishes_nothing)
{
	die_at("package:placed");
}

Test(packages, dying_after_it_was_published_takes_nothing_back)
{
	die_at("package:after");
}
