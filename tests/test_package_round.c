/* A package there and back: made, taken to a device, edited there as QField edits it, pushed, applied, and made again. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_blob.h"

TestSuite(package_round, .timeout = 120);

#define TREES "trees_5c1f2a60_7d34_4e0b_9a41_1f6f0c7f3b11"

/* ---- the device: a package in a folder of its own ---- */

struct device {
	sqlite3 *db;
	char *table, *key; /* of the layer Trees: the GeoPackage's own key */
};

/* SQL with {t} for the table and {k} for its key. Caller frees. */
static char *fill(const struct device *d, const char *sql)
{
	struct fp_buf b = FP_BUF_INIT;

	for (; *sql; sql++) {
		if (strncmp(sql, "{t}", 3) == 0 || strncmp(sql, "{k}", 3) == 0) {
			fp_buf_addf(&b, "\"%s\"", sql[1] == 't' ? d->table : d->key);
			sql += 2;
		} else {
			fp_buf_addc(&b, *sql);
		}
	}
	return fp_buf_take(&b);
}

/* The first column of the first row, NULL for none and for null. Caller frees. */
static char *text(const struct device *d, const char *sql)
{
	char *filled = fill(d, sql), *t = NULL;
	sqlite3_stmt *s = NULL;

	cr_assert_eq(sqlite3_prepare_v2(d->db, filled, -1, &s, NULL), SQLITE_OK, "%s: %s", filled, sqlite3_errmsg(d->db));
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		t = fp_strdup((const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	free(filled);
	return t;
}

static void wants(const struct device *d, const char *sql, const char *value)
{
	char *t = text(d, sql);

	cr_assert(t && strcmp(t, value) == 0, "%s gives %s, not %s", sql, t ? t : "nothing", value);
	free(t);
}

static void edit(const struct device *d, const char *sql)
{
	char *filled = fill(d, sql), *e = NULL;

	cr_assert_eq(sqlite3_exec(d->db, filled, NULL, NULL, &e), SQLITE_OK, "%s: %s", filled, e);
	free(filled);
}

/* Fetches the newest package into folder NAME. */
static void take(struct device *d, const char *name)
{
	const json_t *l;
	size_t i;
	char *path;

	cli_wants(0, "package get Trees -o %s", cli_path(name));
	path = fp_path_join(cli_path(name), "data.gpkg");
	cr_assert_eq(sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	free(path);
	cr_assert_eq(fp_gpkg_functions(d->db), SQLITE_OK);
	d->table = d->key = NULL;
	json_array_foreach(json_object_get(cli_json(0, "package show Trees --json"), "layers"), i, l)
		if (strcmp(fp_json_str_or(l, "id", ""), TREES) == 0)
			d->table = fp_strdup(fp_json_str_or(l, "table", ""));
	cr_assert(d->table && *d->table);
	d->key = text(d, "SELECT name FROM pragma_table_info(trim('{t}', '\"')) WHERE pk");
	cr_assert(d->key);
	cr_assert_str_neq(d->key, "fid", "the source's key stays a column of its own");
}

static void leave(struct device *d)
{
	sqlite3_close(d->db);
	free(d->table);
	free(d->key);
}

#define CLIENT "0f0f0f0f-1111-4222-8333-444444444444"

static json_t *delta(const char *uuid, const char *method, const char *local_pk, const char *source_pk, json_t *old, json_t *new)
{
	json_t *d = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "uuid", uuid, "clientId", CLIENT, "exportId", "1", "localPk", local_pk, "sourcePk", source_pk,
		"localLayerId", TREES, "sourceLayerId", TREES, "localLayerName", "Trees", "localLayerCrs", "EPSG:2056", "method", method);

	if (old)
		json_object_set_new(d, "old", old);
	if (new)
		json_object_set_new(d, "new", new);
	return d;
}

/* Pushes DELTAS (taken over) and applies them. */
static void push(const char *name, const char *id, json_t *deltas)
{
	json_t *all = json_pack("{s:s,s:s,s:s,s:[],s:o}", "version", "1.0", "id", id, "project", "5387f613-76c4-48ae-8732-1cc007b37e14", "files", "deltas", deltas);
	char *bytes = fp_json_dump(all);

	cli_wants(0, "change push Trees %s --yes", cli_write(name, bytes));
	cli_wants(0, "engine run --once");
	free(bytes);
	json_decref(all);
}

static void package(void)
{
	cli_wants(0, "job trigger Trees package --yes");
	cli_wants(0, "engine run --once");
}

#define OTHER_KEYS "SELECT group_concat(fid || ':' || species) FROM (SELECT * FROM {t} WHERE fid NOT IN (3, 19) AND fid <= 40 ORDER BY fid)"

Test(package_round, edits_of_a_device_come_back_in_the_next_package_and_keys_stay)
{
	struct device d;
	char *three, *nineteen, *new, *keys, *again, *rows;

	cli_sample_home();
	package();
	take(&d, "one");
	rows = text(&d, "SELECT count(*) FROM {t}");
	keys = text(&d, OTHER_KEYS);
	three = text(&d, "SELECT {k} FROM {t} WHERE fid = 3");
	nineteen = text(&d, "SELECT {k} FROM {t} WHERE fid = 19");
	edit(&d, "UPDATE {t} SET height_m = 99.5 WHERE {k} = (SELECT {k} FROM {t} WHERE fid = 3)");
	edit(&d, "DELETE FROM {t} WHERE fid = 19");
	edit(&d, "INSERT INTO {t} (fid, species, height_m, geom) SELECT NULL, 'ginkgo', 2.5, geom FROM {t} WHERE fid = 1");
	new = text(&d, "SELECT {k} FROM {t} WHERE species = 'ginkgo'");
	wants(&d, "PRAGMA integrity_check", "ok");
	leave(&d);
	push("one.json", "11111111-2222-4333-8444-000000000001", json_pack("[o,o,o]",
		delta("aaaaaaaa-0000-4000-8000-000000000001", "patch", three, "3", json_pack("{s:{s:f}}", "attributes", "height_m", 15.9),
			json_pack("{s:{s:f}}", "attributes", "height_m", 99.5)),
		delta("aaaaaaaa-0000-4000-8000-000000000002", "delete", nineteen, "19", json_pack("{s:{},s:n}", "attributes", "geometry"), NULL),
		delta("aaaaaaaa-0000-4000-8000-000000000003", "create", new, "", NULL, json_pack("{s:{s:n,s:s,s:f},s:s}", "attributes", "fid", "species", "ginkgo",
			"height_m", 2.5, "geometry", "Point (2600100 1200100)"))));
	/* What the device made it edits again: it still calls it by its own key. */
	push("two.json", "11111111-2222-4333-8444-000000000002", json_pack("[o]",
		delta("aaaaaaaa-0000-4000-8000-000000000004", "patch", new, "", json_pack("{s:{s:f}}", "attributes", "height_m", 2.5),
			json_pack("{s:{s:f}}", "attributes", "height_m", 3.25))));
	package();
	take(&d, "two");
	again = text(&d, OTHER_KEYS);
	cr_assert_str_eq(again, keys, "keys of the source stay what they were");
	wants(&d, "SELECT count(*) FROM {t}", rows);
	wants(&d, "SELECT height_m FROM {t} WHERE fid = 3", "99.5");
	wants(&d, "SELECT count(*) FROM {t} WHERE fid = 19", "0");
	wants(&d, "SELECT height_m FROM {t} WHERE species = 'ginkgo' AND fid > 40", "3.25");
	wants(&d, "SELECT count(*) FROM {t} WHERE fid IS NULL", "0");
	leave(&d);
	cli_wants(0, "doctor");
	free(three);
	free(nineteen);
	free(new);
	free(keys);
	free(again);
	free(rows);
}

Test(package_round, nothing_new_is_no_package_and_a_change_makes_it_one)
{
	cli_sample_home();
	package();
	cli_says(3, "nothing_new", "job trigger Trees package --yes");
	push("one.json", "11111111-2222-4333-8444-000000000001", json_pack("[o]", delta("aaaaaaaa-0000-4000-8000-000000000001", "patch", "3", "3",
		json_pack("{s:{s:f}}", "attributes", "height_m", 15.9), json_pack("{s:{s:f}}", "attributes", "height_m", 99.5))));
	cli_says(0, "1 change in 1 layer", "package list Trees");
	package();
	cli_says(0, "current", "package list Trees");
	cli_says(0, "Trees             changed  offline  offline  40        40   1 ", "package compare Trees");
}

Test(package_round, what_is_to_be_known_of_a_plain_project_as_a_whole_is_said)
{
	const json_t *w;

	cli_folder();
	cli_write("p/told.qgs", "<!DOCTYPE qgis>\n<qgis version=\"3.22.1\"><title>password=told</title><projectlayers/><properties/></qgis>");
	w = json_object_get(cli_json(0, "package %s %s --json", cli_path("p/told.qgs"), cli_path("json")), "warnings");
	cr_assert_eq(json_array_size(w), 1);
	cr_assert_str_eq(fp_json_str(json_array_get(w, 0), "code"), "credentials");
	cli_says(0, "the project names a login (password=), and so does the package", "package %s %s", cli_path("p/told.qgs"), cli_path("text"));
}

Test(package_round, a_file_that_may_not_be_read_is_not_called_damaged)
{
	cli_folder();
	cli_write("p/p.qgs", "<!DOCTYPE qgis>\n<qgis version=\"3.22.1\"><projectlayers><maplayer type=\"vector\"><id>a</id><layername>A</layername>"
		"<provider>ogr</provider><datasource>./a.geojson</datasource></maplayer></projectlayers><properties/></qgis>");
	cr_assert_eq(chmod(cli_write("p/a.geojson", "{}"), 0), 0);
	if (geteuid() == 0) { /* whom nothing stops */
		cr_assert_eq(chmod(cli_folder(), 0755), 0);
		cr_assert_eq(chmod(cli_path("p"), 0755), 0);
		cr_assert_eq(chmod(cli_path("p/p.qgs"), 0644), 0);
		cli_uid = 65534;
		if (cli_run("--version")->code != 0)
			cr_skip_test("the build folder is not open to others");
	}
	cli_says(1, "File \"a.geojson\" cannot be read: Permission denied.", "check %s", cli_path("p/p.qgs"));
}

Test(package_round, a_plain_project_is_packaged_whole_or_not_at_all_and_twice_the_same_byte_for_byte)
{
	struct stat sb;
	const json_t *answer;

	cli_folder();
	cli_write("there/file", "x");
	cli_says(3, "not empty", "package '%s' %s/", cli_sample("project/trees.qgs"), cli_path("there"));
	cli_says(3, "is no folder", "package '%s' %s", cli_sample("project/trees.qgs"), cli_path("there/file"));
	cli_says(3, "cannot make folder", "package '%s' %s/here", cli_sample("project/trees.qgs"), cli_path("not"));
	cli_says(3, "name the project in it: trees.qgs", "package '%s' %s", cli_sample("project"), cli_path("out"));
	cli_write("p/broken.qgs", "<qgis version=\"3.22\"><projectlayers><maplay");
	cli_says(3, "XML broken", "package %s %s", cli_path("p/broken.qgs"), cli_path("broken"));
	cr_assert_neq(stat(cli_path("broken"), &sb), 0);
	cli_write("p/old.qgs", "<qgis version=\"2.18.4\"><projectlayers/></qgis>");
	cli_says(3, "QGIS 2.18", "package %s %s", cli_path("p/old.qgs"), cli_path("old"));
	answer = cli_json(0, "package '%s' %s --json", cli_sample("project/trees.qgs"), cli_path("out"));
	cr_assert_eq(json_array_size(json_object_get(answer, "layers")), 7);
	cr_assert_eq(stat(cli_path("out/trees_qfield.qgz"), &sb), 0);
	cr_assert_eq(stat(cli_path("out/data.gpkg"), &sb), 0);
	cr_assert_eq(stat(cli_path("out/base/height.tif"), &sb), 0);
	for (size_t i = 0; i < json_array_size(json_object_get(answer, "files")); i++) {
		const json_t *f = json_array_get(json_object_get(answer, "files"), i);
		cr_assert_eq(strlen(fp_json_str_or(f, "sha256", "")), 64);
		cr_assert_gt(fp_json_int(f, "size", 0), 0);
	}
	cr_assert(json_equal(cli_json(0, "package '%s' %s/ --json", cli_sample("project/trees.qgs"), cli_path("again")), answer));
}
