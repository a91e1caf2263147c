/* Deltafiles from files, device folders and the inbox: none is lost, none comes twice, and what is refused says why. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"

TestSuite(import, .timeout = 100);

#define HEAD "{\"version\":\"1.0\",\"id\":\"%s\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\",\"files\":[],\"deltas\":["
#define DELTA "{\"uuid\":\"%s\",\"clientId\":\"nobody-knows\",\"localPk\":\"1\",\"sourcePk\":\"1\",\"localLayerId\":\"l\",\"sourceLayerId\":\"l\"," \
	"\"method\":\"patch\",\"old\":{\"attributes\":{\"a\":1}},\"new\":{\"attributes\":{\"a\":%d}}}"

/* A deltafile with one change. */
static const char *one(const char *name, const char *id, const char *uuid, int value)
{
	char *text = fp_asprintf(HEAD DELTA "]}", id, uuid, value);
	const char *path = cli_write(name, text);

	free(text);
	return path;
}
#define ID1 "9311eb96-bff8-4d5b-ab36-c314a007cfcd"
#define ID2 "00000000-0000-4000-8000-000000000002"

static int64_t count(const char *filter)
{
	return (int64_t)json_array_size(json_object_get(cli_json(0, "change list Bees %s --json", filter), "changes"));
}

static int64_t number(const json_t *o, const char *key)
{
	return fp_json_int(o, key, -1);
}

/* The row of a file in what an import answered. */
static const json_t *row_of(const json_t *answer, const char *end)
{
	const json_t *f;
	size_t i;

	json_array_foreach(json_object_get(answer, "files"), i, f) {
		const char *name = fp_json_str_or(f, "file", "");
		if (strlen(name) >= strlen(end) && strcmp(name + strlen(name) - strlen(end), end) == 0)
			return f;
	}
	cr_assert(0, "no row for %s", end);
	return NULL;
}

static int audited(const char *text)
{
	const json_t *a;
	int n = 0;
	size_t i;

	json_array_foreach(json_object_get(cli_json(0, "audit --json"), "activity"), i, a)
		n += strstr(fp_json_str_or(a, "detail", ""), text) != NULL;
	return n;
}

static int exists(const char *name)
{
	return access(cli_path(name), F_OK) == 0;
}

/* The one entry of a folder, without the time before its name. */
static const char *only_entry(const char *folder)
{
	static char name[300];
	DIR *d = opendir(cli_path(folder));
	struct dirent *e;
	int n = 0;

	cr_assert_not_null(d, "%s", folder);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			snprintf(name, sizeof name, "%s", e->d_name + strlen("20261126T011443Z-"));
			n++;
		}
	closedir(d);
	cr_assert_eq(n, 1, "%s has %d", folder, n);
	return name;
}

static void device(void)
{
	one("dev/cloud/bea/deltafile.json", ID1, "u1", 2);
	one("dev/deltafile.json", ID2, "u2", 2);
	cli_write("dev/deltafile_backup.json", "");
	cli_write("dev/map.geojson", "{\"type\":\"FeatureCollection\",\"features\":[],\"deltas\":[]}");
	cli_write("dev/map.json", "{\"type\":\"FeatureCollection\",\"features\":[{\"deltas\":1}]}");
	cli_write("dev/cloud/cut.json", "{\"deltas\":[{\"uuid\":");
	cli_write("dev/photo.jpg", "not even text");
	cli_write("dev/._deltafile.json", "resource fork");
	one("dev/a/b/c/deltafile.json", ID1, "deep", 2);
	one("secret.json", ID1, "linked", 2);
	cr_assert_eq(symlink(cli_path("secret.json"), cli_path("dev/link.json")), 0);
	cr_assert_eq(symlink(cli_folder(), cli_path("dev/up")), 0);
}

Test(import, wrong_words_and_missing_files_are_refused_and_change_nothing)
{
	cli_bees();
	cli_says(2, "name the files and folders to import, or --inbox", "change import Bees --yes");
	cli_says(2, "name the files and folders to import, or --inbox", "change import Bees x --inbox --yes");
	cli_says(2, "add --yes", "change import Bees x");
	cli_says(3, "there is no project", "change import Wasps x --yes");
	cli_says(3, "cannot read /nonexistent/x", "change import Bees /nonexistent/x --yes");
	cr_assert_eq(count(""), 0);
}

Test(import, a_device_folder_is_imported_once_however_often)
{
	const json_t *a;

	cli_bees();
	device();
	a = cli_json(1, "change import Bees %s --yes --json", cli_path("dev"));
	cr_assert_eq(json_array_size(json_object_get(a, "files")), 4, "two good ones, an empty and a cut one");
	cr_assert_eq(number(a, "new"), 2);
	cr_assert_eq(number(a, "faulty"), 2);
	cr_assert_eq(number(a, "passed_over"), 1);
	cr_assert_eq(number(a, "links"), 2);
	cr_assert_str_eq(fp_json_str_or(row_of(a, "/dev/cloud/bea/deltafile.json"), "project", ""), "e02d02cc-af1b-414c-a14c-e2ed5dfee52f");
	cr_assert(strstr(fp_json_str(row_of(a, "/dev/deltafile_backup.json"), "reason"), "not JSON"));
	cr_assert(strstr(fp_json_str(row_of(a, "/dev/cloud/cut.json"), "reason"), "not JSON"));
	cr_assert(json_is_true(json_object_get(row_of(a, "/dev/cloud/cut.json"), "kept")));
	cr_assert_eq(number(json_object_get(a, "job"), "job_id") > 0 || *fp_json_str_or(json_object_get(a, "job"), "rule", ""), 1);
	a = cli_json(1, "change import Bees %s --yes --json", cli_path("dev"));
	cr_assert_eq(number(a, "new"), 0);
	cr_assert_eq(number(a, "known"), 2);
	cr_assert_eq(count(""), 2);
	cli_says(1, "cut.json", "change import Bees %s --yes", cli_path("dev"));
}

Test(import, a_change_is_known_under_a_new_deltafile_id_and_its_first_content_stays)
{
	const json_t *a;

	cli_bees();
	cli_wants(0, "change push Bees %s --yes", one("first.json", ID1, "u1", 2));
	a = cli_json(0, "change import Bees %s --yes --json", one("again.json", ID2, "u1", 2));
	cr_assert_eq(number(a, "known"), 1);
	a = cli_json(1, "change import Bees %s --yes --json", one("other.json", ID2, "u1", 3));
	cr_assert_eq(number(a, "differing"), 1);
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(row_of(a, "other.json"), "differing_uuids"), 0)), "u1");
	cr_assert(strstr(cli_run("change import Bees %s --yes", cli_path("other.json"))->err, "change u1 is known with another content, the first one stays"));
	cr_assert_eq(audited("change u1 is known with another content, the first one stays"), 2);
	a = cli_json(0, "change show u1 --json");
	cr_assert_eq(number(json_object_get(json_object_get(json_object_get(a, "delta"), "new"), "attributes"), "a"), 2);
	cr_assert_eq(count(""), 1);
}

Test(import, many_files_make_one_job)
{
	cli_bees();
	cli_wants(0, "engine run --once");
	one("many/1.json", ID1, "u1", 2);
	one("many/2.json", ID1, "u2", 2);
	one("more/3.json", ID1, "u3", 2);
	cli_wants(0, "change import Bees %s %s --yes", cli_path("many"), cli_path("more"));
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "job list type:delta_apply --json"), "jobs")), 1);
	cli_wants(0, "engine run --once");
	cr_assert_eq(count("status:applied"), 3);
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "job list type:delta_apply --json"), "jobs")), 1);
}

Test(import, what_cannot_be_read_or_is_too_large_is_told_and_the_rest_comes_in)
{
	const char *big;
	const json_t *a;

	cli_bees();
	one("mixed/1.json", ID1, "u1", 2);
	big = cli_write("mixed/deltafile.json", "{\"deltas\":[");
	cr_assert_eq(truncate(big, (256LL << 20) + 1), 0);
	cr_assert_eq(truncate(cli_write("mixed/large_map.json", "{\"type\":"), (256LL << 20) + 1), 0);
	a = cli_json(1, "change import Bees %s --yes --json", cli_path("mixed"));
	cr_assert(strstr(fp_json_str(row_of(a, "/deltafile.json"), "reason"), "is larger than 256 MB"));
	cr_assert(json_is_false(json_object_get(row_of(a, "/deltafile.json"), "kept")));
	cr_assert_eq(number(a, "new"), 1);
	cr_assert_eq(number(a, "passed_over"), 1);
}

Test(import, faulty_files_are_listed_and_come_back_whole)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err = {0};
	const char *bad = cli_write("bad.json", "{\"id\":\"" ID1 "\",\"deltas\":[{\"\x1b[2J"), *out = cli_path("back.json");
	const json_t *list, *f;

	cli_bees();
	cli_says(0, "", "change faulty Bees");
	cli_wants(3, "change push Bees %s --yes", bad);
	cli_wants(3, "change push Bees %s --yes", bad);
	cli_wants(0, "change push Bees %s --yes", one("good.json", ID2, "u1", 2));
	list = json_object_get(cli_json(0, "change faulty Bees --json"), "deltafiles");
	cr_assert_eq(json_array_size(list), 1, "the same file twice is one");
	f = json_array_get(list, 0);
	cr_assert_str_eq(fp_json_str_or(f, "uuid", ""), ID1);
	cr_assert(strstr(fp_json_str_or(f, "reason", ""), "not JSON"));
	cr_assert_eq(number(f, "size"), (int64_t)strlen("{\"id\":\"" ID1 "\",\"deltas\":[{\"\x1b[2J"));
	cr_assert(fp_json_str(f, "at") && fp_json_str(f, "by"));
	cli_says(2, "--get needs --output", "change faulty Bees --get 1");
	cli_says(2, "--get is a number", "change faulty Bees --get x -o %s", out);
	cli_says(3, "no faulty deltafile 99", "change faulty Bees --get 99 -o %s", out);
	cr_assert(!exists("back.json"), "what fails leaves no file");
	cli_says(3, "no faulty deltafile 2", "change faulty Bees --get 2 -o %s", out);
	cli_wants(0, "change faulty Bees --get %lld -o %s", (long long)number(f, "id"), out);
	cr_assert_eq(fp_fs_read(&b, out, 1000, &err), FP_OK);
	cr_assert_str_eq(b.data, "{\"id\":\"" ID1 "\",\"deltas\":[{\"\x1b[2J");
	cli_says(2, "add --yes", "change faulty Bees --get %lld -o %s", (long long)number(f, "id"), out);
	fp_buf_free(&b);
}

Test(import, the_inbox_is_emptied_at_once_when_asked)
{
	const json_t *a;

	cli_bees();
	cli_wants(0, "project create Wasps --yes");
	one("home/inbox/bees/deltafile.json", ID1, "u1", 2);
	one("home/inbox/Bees/phone/deltafile.json", ID1, "u2", 2);
	cli_write("home/inbox/Bees/bad.json", "{\"deltas\":[");
	cli_write("home/inbox/Bees/list.json", "[1,2]");
	one("home/inbox/Bees/unfinished.json.part", ID1, "u3", 2);
	one("home/inbox/Wasps/deltafile.json", ID1, "w1", 2);
	a = cli_json(1, "change import Bees --inbox --yes --json");
	cr_assert_eq(number(a, "new"), 2);
	cr_assert_eq(number(a, "faulty"), 1);
	cr_assert_eq(count(""), 2);
	cr_assert_str_eq(only_entry("home/inbox/bees/done"), "deltafile.json");
	cr_assert_str_eq(only_entry("home/inbox/Bees/done"), "phone");
	cr_assert(exists("home/inbox/Bees/unfinished.json.part"));
	cr_assert(exists("home/inbox/Wasps/deltafile.json"), "another project's inbox is not touched");
	cr_assert_eq(audited("bad.json went to faulty: bad.json: not JSON"), 1);
	cr_assert_eq(audited("list.json went to faulty: there is no deltafile in it"), 1);
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "change faulty Bees --json"), "deltafiles")), 1);
	cli_wants(0, "engine run --once");
	cr_assert(!exists("home/inbox/Wasps/deltafile.json"), "an engine takes them all");
	cr_assert_eq(count("status:applied"), 2);
}

Test(import, what_nobody_takes_is_left_said_once_and_known_to_the_doctor)
{
	cli_bees();
	one("home/inbox/Nobody/deltafile.json", ID1, "u1", 2);
	one("home/inbox/\xff\xfe/deltafile.json", ID1, "u1", 2);
	one("home/inbox/stray.json", ID1, "u1", 2);
	cli_write("home/inbox/Bees/photo.jpg", "x");
	cr_assert_eq(symlink(cli_path("home/inbox/stray.json"), cli_path("home/inbox/Bees/link.json")), 0);
	cr_assert_eq(mkfifo(cli_path("home/inbox/Bees/pipe.json"), 0600), 0);
	cli_wants(0, "engine run --once");
	cli_wants(0, "engine run --once");
	cr_assert(exists("home/inbox/Nobody/deltafile.json"));
	cr_assert(exists("home/inbox/stray.json"));
	cr_assert(exists("home/inbox/Bees/photo.jpg"));
	cr_assert(exists("home/inbox/Bees/link.json"));
	cr_assert_eq(count(""), 0);
	cr_assert_eq(audited("Nobody is taken by nobody: there is no project"), 1);
	cli_says(1, "inbox: Nobody is taken by nobody", "doctor");
	cli_says(1, "inbox: stray.json is taken by nobody", "doctor");
	cli_says(1, "inbox: Bees/photo.jpg is taken by nobody", "doctor");
	cli_says(1, "inbox: Bees/link.json is neither", "doctor");
	cli_says(1, "inbox: Bees/pipe.json is neither", "doctor");
}

/* The name of a folder that moves must not lead out of the inbox. */
Test(import, links_in_the_inbox_lead_nowhere)
{
	cli_bees();
	one("elsewhere/deltafile.json", ID1, "u1", 2);
	cr_assert_eq(mkdir(cli_path("home/inbox"), 0700), 0);
	cr_assert_eq(symlink(cli_path("elsewhere"), cli_path("home/inbox/Bees")), 0);
	cli_wants(0, "engine run --once");
	cr_assert(exists("elsewhere/deltafile.json"));
	cr_assert_eq(count(""), 0);
	cr_assert_eq(unlink(cli_path("home/inbox/Bees")), 0);
	one("home/inbox/Bees/deltafile.json", ID1, "u1", 2);
	cr_assert_eq(symlink(cli_path("elsewhere"), cli_path("home/inbox/Bees/done")), 0);
	cli_wants(0, "engine run --once");
	cr_assert(exists("home/inbox/Bees/deltafile.json"), "it cannot be moved");
	cr_assert_eq(audited("was taken and cannot be moved away"), 1);
	cr_assert_eq(count(""), 1);
}

Test(import, a_crash_between_taking_and_moving_takes_it_once)
{
	cli_bees();
	one("home/inbox/Bees/deltafile.json", ID1, "u1", 2);
	setenv("FIELDPOST_FAIL_AT", "inbox-taken", 1);
	cli_wants(256 + 9, "change import Bees --inbox --yes");
	unsetenv("FIELDPOST_FAIL_AT");
	cr_assert(exists("home/inbox/Bees/deltafile.json"));
	cr_assert_eq(count(""), 1);
	cli_wants(0, "engine run --once");
	cr_assert_eq(count(""), 1);
	cr_assert_eq(count("status:applied"), 1);
	cr_assert_str_eq(only_entry("home/inbox/Bees/done"), "deltafile.json");
}

Test(import, names_as_long_as_can_be_find_their_place)
{
	char name[320];
	const char *path;

	cli_bees();
	snprintf(name, sizeof name, "home/inbox/Bees/%0250d.json", 7);
	path = one("home/inbox/Bees/short.json", ID1, "u1", 2);
	cr_assert_eq(rename(path, cli_path(name)), 0);
	cli_wants(0, "change import Bees --inbox --yes");
	cr_assert_eq(strlen(only_entry("home/inbox/Bees/done")), 200);
}

/* A running engine waits until nothing changed for inbox_settle_s. */
Test(import, a_running_engine_takes_what_lies_still_and_not_what_is_written)
{
	const char *path;
	pid_t pid;
	int status, fd;

	cli_bees();
	cli_write("home/config.yaml", "upload_settle_ms: 0\ninbox_settle_s: 2\n");
	cli_wants(0, "engine run --once");
	path = cli_write("home/inbox/Bees/deltafile.json", "{\"version\":");
	pid = fork();
	if (pid == 0) {
		char *program = fp_asprintf("%s/fieldpost", getenv("FIELDPOST_BUILD"));
		execl(program, "fieldpost", "engine", "run", (char *)NULL);
		_exit(126);
	}
	fd = open(path, O_WRONLY | O_APPEND);
	for (int i = 0; i < 15; i++) { /* 3 s and more of writing now and then */
		usleep(200000);
		cr_assert_eq(write(fd, " ", 1), 1);
		cr_assert(exists("home/inbox/Bees/deltafile.json"), "taken while it was written");
	}
	close(fd);
	one("home/inbox/Bees/deltafile.json", ID1, "u1", 2);
	for (int i = 0; i < 200 && !exists("home/inbox/Bees/done"); i++)
		usleep(100000);
	cr_assert(exists("home/inbox/Bees/done"));
	for (int i = 0; i < 200 && count("status:applied") == 0; i++)
		usleep(100000);
	cr_assert_eq(count("status:applied"), 1);
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
}
