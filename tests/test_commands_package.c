/* The command line and packages, with a worker that does as it is told (tests/fake_worker.c). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "tests/package_home.h"

TestSuite(commands_package, .timeout = 100);

/* Bees with one package, "one"; its id. */
static int64_t package(const char *text)
{
	char *script = package_script(text);
	const json_t *job;

	cli_wants(0, "file put Bees %s --yes", cli_write("package.script", script));
	cli_wants(0, "engine run --once");
	job = cli_json(0, "job trigger Bees package --yes --json");
	cli_wants(0, "engine run --once");
	free(script);
	return fp_json_int(job, "job_id", 0);
}

static int64_t bees(void)
{
	cli_bees();
	return package("one");
}

static const json_t *nth(const json_t *o, const char *name, size_t i)
{
	cr_assert_gt(json_array_size(json_object_get(o, name)), i, "%s is too short", name);
	return json_array_get(json_object_get(o, name), i);
}

static int64_t bytes_of(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0 ? (int64_t)sb.st_size : -1;
}

static unsigned mode_of(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0 ? sb.st_mode & 0777u : 0u;
}

Test(commands_package, a_project_without_one_says_so)
{
	cli_bees();
	cli_says(3, "never_processed", "job trigger Bees package --yes");
	cli_says(3, "has no package yet", "package get Bees");
	cli_says(3, "has no package yet", "package show Bees");
	cli_says(3, "has no package yet", "package compare Bees");
	cli_says(3, "no project", "package list Wasps");
	cr_assert_eq(json_array_size(json_object_get(cli_json(0, "package list Bees --json"), "packages")), 0);
}

Test(commands_package, list_and_show_say_what_is_in_it)
{
	int64_t id = bees();
	const json_t *row = nth(cli_json(0, "package list Bees --json"), "packages", 0), *shown;

	cr_assert_eq(fp_json_int(row, "id", 0), id);
	cr_assert_str_eq(fp_json_str(row, "freshness"), "current");
	cr_assert_eq(fp_json_int(row, "features", 0), 1200);
	cli_says(0, "current", "package list Bees");
	shown = cli_json(0, "package show Bees %lld --json", (long long)id);
	cr_assert_str_eq(fp_json_str(nth(shown, "layers", 0), "action"), "offline");
	cr_assert_str_eq(fp_json_str(json_object_get(nth(shown, "layers", 0), "source"), "error_code"), "no_error");
	cr_assert_str_eq(fp_json_str(nth(shown, "files", 0), "name"), "data.gpkg");
	cr_assert_eq(strlen(fp_json_str(nth(shown, "files", 0), "etag")), 32);
	cli_says(0, "trees: 3 left out: no geometry", "package show Bees");
	cli_says(0, "\na password\n", "package show Bees");
	cr_assert_str_eq(fp_json_str(nth(json_object_get(shown, "package"), "notes", 0), "code"), "credentials");
	cli_says(0, "gone: it cannot be opened", "package show Bees");
	cli_says(0, "- (in its files)", "package show Bees");
	cli_says(0, "1,200 features", "job show %lld", (long long)id);
	cli_says(3, "nothing_new", "job trigger Bees package --yes");
	cli_says(3, "has no package 99", "package show Bees 99");
	cli_says(3, "has no package 1", "package show Bees 1");
}

Test(commands_package, get_writes_it_whole_or_not_at_all)
{
	int64_t id = bees();
	const json_t *m = cli_json(0, "package get Bees --manifest");
	char *damaged;

	cr_assert_eq(fp_json_int(m, "package", 0), id);
	cr_assert_eq(json_array_size(json_object_get(m, "files")), 3);
	cli_says(0, "3 files", "package get Bees -o %s/", cli_path("out"));
	cr_assert_eq(bytes_of(cli_path("out/ras/r.tif")), 6);
	cr_assert_eq(bytes_of(cli_path("out/p_qfield.qgz")), 7);
	cr_assert_eq(mode_of(cli_path("out/ras")), mode_of(cli_path("out")), "folders in it are as open as it is");
	cli_says(3, "is not empty", "package get Bees -o %s", cli_path("out"));
	cli_says(3, "lies in the home", "package get Bees -o %s", cli_path("home/taken"));
	cli_says(3, "package list NAME", "package get Bees --package 99 -o %s", cli_path("other"));
	cli_says(2, "--manifest", "package get Bees --manifest -o %s", cli_path("out"));
	cr_assert_eq(mkdir(cli_path("empty"), 0755), 0);
	cli_wants(0, "package get Bees --package %lld -o %s", (long long)id, cli_path("empty"));
	damaged = fp_asprintf("%s/data.gpkg", fp_json_str(json_object_get(cli_json(0, "package show Bees --json"), "package"), "folder"));
	cr_assert_eq(unlink(damaged), 0);
	cr_assert_eq(fp_fs_write_atomic(damaged, "owe", 3, NULL), FP_OK);
	cli_says(3, "damaged", "package get Bees -o %s", cli_path("other"));
	cr_assert_eq(bytes_of(cli_path("other")), -1);
	cr_assert_eq(unlink(damaged), 0);
	cli_says(3, "data.gpkg", "package get Bees -o %s", cli_path("other"));
	cli_says(1, "missing: a file of package", "doctor");
	free(damaged);
}

Test(commands_package, compare_says_what_differs)
{
	int64_t one = bees(), two;
	const json_t *c;

	cli_says(3, "no package before", "package compare Bees");
	two = package("second");
	c = cli_json(0, "package compare Bees --json");
	cr_assert_eq(fp_json_int(c, "before", 0), one);
	cr_assert_eq(fp_json_int(c, "after", 0), two);
	cr_assert_eq(json_array_size(json_object_get(c, "files")), 1);
	cr_assert_str_eq(fp_json_str(nth(c, "files", 0), "change"), "changed");
	cr_assert_str_eq(fp_json_str(nth(c, "layers", 0), "change"), "same");
	c = cli_json(0, "package compare Bees %lld %lld --json", (long long)two, (long long)one);
	cr_assert_eq(fp_json_int(c, "before", 0), two);
	cli_says(0, "data.gpkg", "package compare Bees %lld", (long long)one);
	cli_says(2, "is a number", "package compare Bees first");
}
