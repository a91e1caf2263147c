/* Sources that go wrong between the check and the last row, and a disk that fills: one line that names the layer, and nothing of it is written. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <gdal.h>
#include <ogr_api.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/package/gpkg_writer.h"
#include "tests/package_fixture.h"
#include "tests/package_rows.h"

TestSuite(package_bad, .timeout = 60, .init = files_setup, .fini = files_teardown);

#define MANY "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "

static struct fp_error err;

/* 3,000 more rows in a.gpkg, in tables "pts" and "table". */
static void fill(void)
{
	package_sql("a.gpkg", "BEGIN; " MANY "INSERT INTO pts (geom, val) SELECT geom, i FROM n, (SELECT geom FROM pts WHERE fid = 1);"
		MANY "INSERT INTO \"table\" (val) SELECT i FROM n; COMMIT");
}

/* The table "pts" with a column fid, 0 to 2,999, as another format has it. */
static void write_points(const char *name, const char *driver)
{
	char *path = files_at(name);
	OGRFieldDefnH d = OGR_Fld_Create("fid", OFTInteger);
	GDALDatasetH ds;
	OGRLayerH l;

	GDALAllRegister();
	ds = GDALCreate(GDALGetDriverByName(driver), path, 0, 0, 0, GDT_Unknown, NULL);
	l = GDALDatasetCreateLayer(ds, "pts", NULL, wkbPoint, NULL);
	cr_assert_eq(OGR_L_CreateField(l, d, 1), OGRERR_NONE);
	OGR_Fld_Destroy(d);
	for (int i = 0; i < 3000; i++) {
		OGRFeatureH f = OGR_F_Create(OGR_L_GetLayerDefn(l));
		OGRGeometryH g = OGR_G_CreateGeometry(wkbPoint);
		OGR_G_SetPoint_2D(g, 0, i % 90, i % 90);
		OGR_F_SetFieldInteger(f, 0, i);
		OGR_F_SetGeometryDirectly(f, g);
		cr_assert_eq(OGR_L_CreateFeature(l, f), OGRERR_NONE);
		OGR_F_Destroy(f);
	}
	GDALClose(ds);
	free(path);
}

static enum fp_status nothing_written(void *arg, const char *name, int regular, int64_t size, struct fp_error *e)
{
	(void)arg;
	(void)regular;
	(void)size;
	(void)e;
	cr_expect(0, "%s was left behind", name);
	return FP_OK;
}

/* The job's step ends so, and says WORDS of layer L0; nothing is left behind. */
static void ends(struct fp_package *p, enum fp_status status, const char *words)
{
	char *whole = fp_asprintf("layer \"L0\": %s", words);
	enum fp_status st = fp_package_data(p, &err);

	cr_expect_eq(st, status, "%d: %s", (int)st, err.msg);
	cr_expect(strncmp(err.msg, whole, strlen(whole)) == 0, "no \"%s\" in: %s", whole, err.msg);
	fp_fs_walk(p->output, nothing_written, NULL, NULL);
	package_done(p);
	free(whole);
}

static void copy(const char *from, const char *to)
{
	char *path = files_at(to);

	unlink(path);
	free(path);
	files_copy(from, to);
}

static off_t size_of(const char *name)
{
	char *path = files_at(name);
	struct stat sb;

	cr_assert_eq(stat(path, &sb), 0);
	free(path);
	return sb.st_size;
}

static void cut(const char *name, off_t to)
{
	char *path = files_at(name);

	cr_assert_eq(truncate(path, to), 0);
	free(path);
}

/* Writes over the pages of a database from the share FROM to TO of it. */
static void spoil(const char *name, double from, double to)
{
	off_t size = size_of(name), at = (off_t)((double)size * from) & ~4095;
	char *path = files_at(name), page[4096];
	int fd = open(path, O_WRONLY);

	memset(page, 0xA5, sizeof page);
	for (; at < (off_t)((double)size * to); at += 4096)
		cr_assert_eq(pwrite(fd, page, sizeof page, at), (ssize_t)sizeof page);
	close(fd);
	free(path);
}

static const struct wanted_layer pts = {"vector", "ogr", "./a.gpkg|layername=pts", NULL};
static const struct wanted_layer table = {"vector", "ogr", "./a.gpkg|layername=table", NULL};

static const struct wanted_layer shp = {"vector", "ogr", "./s.shp", "offline"};
static const struct wanted_layer json = {"vector", "ogr", "./s.geojson", "offline"};
static const struct wanted_layer fgb = {"vector", "ogr", "./s.fgb", "offline"};

#define AREA "<qfieldsync><areaOfInterest type='QString'>POLYGON((-1 -1, 9 -1, 9 9, -1 9, -1 -1))</areaOfInterest>" \
	"<areaOfInterestCrs type='QString'>EPSG:4326</areaOfInterestCrs><offlineCopyOnlyAoi type='bool'>true</offlineCopyOnlyAoi></qfieldsync>"

/* ---- damaged ---- */

static void cut_half(void)
{
	cut("a.gpkg", size_of("a.gpkg") / 2);
}

static void spoil_points(void)
{
	spoil("a.gpkg", 0.5, 0.6);
}

static void spoil_table(void)
{
	spoil("a.gpkg", 0.9, 0.97);
}

Test(package_bad, a_geopackage_that_breaks_after_the_check_ends_it_with_the_layer_and_the_row)
{
	static const struct {
		const struct wanted_layer *layer;
		const char *area;
		void (*damage)(void);
		enum fp_status status;
		const char *words;
	} cases[] = {
		{&pts, "", cut_half, FP_E_IO, "a.gpkg cannot be opened: "},
		{&pts, "", spoil_points, FP_E_IO, "it ended after 924 rows: database disk image is malformed"},
		{&table, "", spoil_table, FP_E_IO, "it ended after "},
		{&pts, AREA, spoil_points, FP_E_IO, "reading ended after 924 rows: "},
	};

	fill();
	package_sql("a.gpkg", "UPDATE gpkg_geometry_columns SET srs_id = 4326; UPDATE gpkg_contents SET srs_id = 4326");
	copy("a.gpkg", "good.gpkg");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_package *p;
		copy("good.gpkg", "a.gpkg");
		p = package_decided("project.qgs", cases[i].area, cases[i].layer, 1);
		cr_assert_eq(p->layers[0].action, FP_PACK_OFFLINE);
		cases[i].damage();
		ends(p, cases[i].status, cases[i].words);
	}
}

Test(package_bad, a_geopackage_that_was_cut_before_the_check_is_told_of_and_left_out)
{
	struct fp_package *p;

	fill();
	cut_half();
	p = package_decided("project.qgs", "", &pts, 1);
	cr_expect_eq(p->layers[0].action, FP_PACK_REMOVE);
	cr_expect(package_warns(p, 0, "removed_invalid"));
	package_done(p);
}

static void cut_dbf(void)
{
	cut("s.dbf", size_of("s.dbf") / 2);
}

static void cut_json(void)
{
	cut("s.geojson", size_of("s.geojson") / 2);
}

static void cut_fgb(void)
{
	cut("s.fgb", size_of("s.fgb") / 2);
}

static void ends_when(const struct wanted_layer *l, void (*damage)(void), const char *words)
{
	struct fp_package *p = package_decided("project.qgs", "", l, 1);

	cr_assert_eq(p->layers[0].action, FP_PACK_OFFLINE);
	damage();
	ends(p, FP_E_IO, words);
}

Test(package_bad, other_files_that_are_cut_end_it_with_the_layer_and_the_row)
{
	write_points("s.shp", "ESRI Shapefile");
	ends_when(&shp, cut_dbf, "reading ended after 1496 rows: ");
	write_points("s.geojson", "GeoJSON");
	ends_when(&json, cut_json, "s.geojson cannot be opened: ");
	write_points("s.fgb", "FlatGeobuf");
	ends_when(&fgb, cut_fgb, "reading ended after ");
}

static int64_t warned(const struct fp_package *p, const char *code)
{
	const json_t *w;
	size_t i;

	json_array_foreach(p->layers[0].warnings, i, w)
		if (strcmp(fp_json_str_or(w, "code", ""), code) == 0)
			return fp_json_int(w, "count", 0);
	return 0;
}

static struct fp_package *packaged(const struct wanted_layer *l)
{
	struct fp_package *p = package_decided("project.qgs", "", l, 1);

	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	return p;
}

Test(package_bad, a_shapefile_whose_parts_do_not_fit_says_how_many_rows_it_cannot_give)
{
	const int fewer = 1500;
	struct fp_package *p;
	char *path;
	int fd;

	write_points("s.shp", "ESRI Shapefile");
	path = files_at("s.dbf");
	fd = open(path, O_WRONLY);
	cr_assert_eq(pwrite(fd, &fewer, 4, 4), 4); /* the number of its rows */
	close(fd);
	free(path);
	p = packaged(&shp);
	cr_expect_eq(p->tables[0].written, 1500);
	cr_expect_eq(p->tables[0].read, 3000);
	cr_expect_eq(warned(p, "skipped_rows"), 1500);
	package_done(p);
}

Test(package_bad, geometries_that_a_cut_shapefile_has_no_more_are_counted)
{
	struct fp_package *p;

	write_points("s.shp", "ESRI Shapefile");
	cut("s.shp", size_of("s.shp") / 2);
	p = packaged(&shp);
	cr_expect_eq(p->tables[0].written, 3000, "as QGIS shows them");
	cr_expect_eq(atoll(package_value(p, "SELECT count(*) FROM {0} WHERE geom IS NULL")), warned(p, "damaged_geometry"));
	cr_expect_gt(warned(p, "damaged_geometry"), 1400);
	package_done(p);
}

Test(package_bad, lines_with_broken_quotes_are_read_as_in_qgis_and_counted)
{
	static const struct wanted_layer as_text = {"vector", "delimitedtext", "file:./c.csv?type=csv", "offline"};
	static const struct wanted_layer as_file = {"vector", "ogr", "./c.csv", "offline"};
	struct fp_package *p;

	files_put("c.csv", "fid,name\n1,\"a\"b\"\n2,\"b\n3,c\"\n4,d");
	p = packaged(&as_text);
	cr_expect_str_eq(package_value(p, "SELECT group_concat(fid || name) FROM {0}"), "2b\n3,c,4d");
	cr_expect_eq(warned(p, "skipped_rows"), 1);
	package_done(p);
	p = packaged(&as_file);
	cr_expect_str_eq(package_value(p, "SELECT group_concat(fid || name) FROM {0}"), "1ab\n2,b,3c\n4,d");
	package_done(p);
	files_put("c.csv", "fid,name\n1,\"open\n2,b\n3,c\n");
	p = package_decided("project.qgs", "", &as_text, 1);
	fp_fs_remove_tree(p->output, NULL);
	fp_fs_mkdirs(p->output, NULL);
	ends(p, FP_E_INVALID, "none of its 1 rows could be written: its line is not well-formed");
}

/* ---- written to meanwhile ---- */

static void replace(void)
{
	char *new = files_at("new.gpkg"), *old = files_at("a.gpkg");

	cr_assert_eq(rename(new, old), 0);
	free(new);
	free(old);
}

/* A program that knows nothing of SQLite's locks. */
static void overwrite(void)
{
	spoil("a.gpkg", 0.5, 0.51);
}

static sqlite3 *other; /* another program's handle */

static void open_other(const char *sql)
{
	char *path = files_at("a.gpkg");

	cr_assert(sqlite3_open(path, &other) == SQLITE_OK && fp_gpkg_functions(other) == SQLITE_OK);
	cr_assert_eq(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(other));
	free(path);
}

static void close_other(void)
{
	sqlite3_close(other);
	other = NULL;
}

static void write_other(void)
{
	cr_expect_eq(sqlite3_exec(other, "UPDATE \"table\" SET val = -1", NULL, NULL, NULL), SQLITE_BUSY, "it wrote to what is being read");
}

static void (*change)(void);

static void change_once(void *arg, int64_t done)
{
	(void)arg;
	(void)done;
	if (change)
		change();
	change = NULL;
}

/* Loads the table of F into a GeoPackage, and has it changed in the middle. */
static enum fp_status load_changed(struct rows_fixture *f)
{
	struct fp_gpkg_table t = {.name = "t", .local_key = "local", .geometry_name = "g", .geometry = wkbNone, .columns = f->rows->columns,
		.n_columns = f->rows->n_columns};
	struct fp_gpkg_loaded got = {.tick = change_once};
	char *path = fp_path_join(files_other, "data.gpkg");
	struct fp_gpkg *w;
	enum fp_status st;

	cr_assert_eq(fp_gpkg_new(&w, path, files_other, 0, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_gpkg_declare(w, &t, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_gpkg_begin(w, &err), FP_OK, "%s", err.msg);
	st = fp_gpkg_load(w, &t, f->rows, &got, &err);
	json_decref(got.skipped);
	fp_gpkg_free(w);
	cr_expect_neq(access(path, F_OK), 0, "half of it was left behind");
	free(path);
	return st;
}

static void begin_rows(struct rows_fixture *f)
{
	rows_begin(f, "ogr", "./a.gpkg|layername=table", "fid", 100);
	f->project.root = files_upload;
	free(f->def.home);
	f->def.home = fp_strdup(files_upload);
}

static void open_rows(struct rows_fixture *f)
{
	begin_rows(f);
	cr_assert_eq(rows_open(f, NULL), FP_OK, "%s", f->err.msg);
	cr_assert_not_null(f->rows->direct, "the way that large tables take");
}

Test(package_bad, a_geopackage_that_is_replaced_or_written_over_while_it_is_read_ends_it)
{
	static void (*const changes[])(void) = {replace, overwrite};

	fill();
	copy("a.gpkg", "new.gpkg");
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct rows_fixture f;
		open_rows(&f);
		change = changes[i];
		cr_expect_eq(load_changed(&f), FP_E_CONFLICT, "%zu: %s", i, err.msg);
		cr_expect_str_eq(err.msg, "a.gpkg was written to while it was read");
		cr_expect_str_eq(err.hint, "package again when nobody works on it");
		rows_end(&f);
	}
}

Test(package_bad, programs_that_go_by_locks_wait_until_a_geopackage_is_read)
{
	static const char *const modes[] = {"PRAGMA journal_mode = DELETE", "PRAGMA journal_mode = WAL; UPDATE \"table\" SET val = val + 1"};

	fill();
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct rows_fixture f;
		open_other(modes[i]);
		open_rows(&f);
		change = write_other;
		cr_expect_eq(load_changed(&f), FP_OK, "%s: %s", modes[i], err.msg);
		cr_expect_null(change);
		rows_end(&f);
		close_other();
	}
}

Test(package_bad, what_stands_in_the_log_beside_a_geopackage_is_packaged)
{
	struct fp_package *p;

	open_other("PRAGMA journal_mode = WAL; UPDATE pts SET val = 77 WHERE fid = 2; UPDATE \"table\" SET val = 78 WHERE fid = 2");
	p = package_decided("project.qgs", "", (const struct wanted_layer[]){pts, table}, 2);
	cr_assert_eq(fp_package_data(p, &err), FP_OK, "%s", err.msg);
	cr_expect_str_eq(package_value(p, "SELECT group_concat(val) FROM {0}"), "0,77,2");
	cr_expect_str_eq(package_value(p, "SELECT group_concat(val) FROM {1}"), "0,78,2");
	package_done(p);
	close_other();
}

/* In a process of its own: locks are a process's. */
static pid_t begin_writing(void)
{
	int ends[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		open_other("BEGIN IMMEDIATE");
		_exit(write(ends[1], "", 1) == 1 ? pause() : 1);
	}
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

Test(package_bad, a_geopackage_that_another_program_is_writing_to_is_not_read)
{
	struct fp_package *p = package_decided("project.qgs", "", &pts, 1);
	pid_t pid = begin_writing();

	ends(p, FP_E_BUSY, "another program is writing to a.gpkg: try again when it has finished");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- a full disk ---- */

static void ends_full(struct fp_package *p, const char *how)
{
	enum fp_status st = fp_package_data(p, &err);

	cr_expect_eq(st, FP_E_FULL, "%s: %s", how, err.msg);
	cr_expect(strstr(err.msg, "the disk is full"), "%s: %s", how, err.msg);
	fp_fs_walk(p->output, nothing_written, NULL, NULL);
}

static void ends_below(const struct wanted_layer *l, rlim_t bytes)
{
	struct fp_package *p = package_decided("project.qgs", "", l, 1);
	struct rlimit limit = {bytes, RLIM_INFINITY};
	char how[24];

	snprintf(how, sizeof how, "%lu bytes", (unsigned long)bytes);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	ends_full(p, how);
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	package_done(p);
}

Test(package_bad, a_disk_that_fills_anywhere_in_data_gpkg_ends_it_and_leaves_nothing)
{
	static const rlim_t limits[] = {0, 110000, 150000, 200000, 300000};

	fill();
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		ends_below(&pts, limits[i]);
	ends_below(&table, 110000);
}

static void tell(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

static void tell_id(const char *path, unsigned id)
{
	char text[24];

	snprintf(text, sizeof text, "0 %u 1", id);
	tell(path, text);
}

/* A disk of that size in the place of FOLDER, for this process alone. 0: not here. */
static int small_disk(const char *folder, const char *size)
{
	unsigned user = getuid(), group = getgid();

	if (unshare(user ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) != 0)
		return 0;
	if (user) {
		tell_id("/proc/self/uid_map", user);
		tell("/proc/self/setgroups", "deny");
		tell_id("/proc/self/gid_map", group);
	}
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("small", folder, "tmpfs", 0, size) == 0;
}

Test(package_bad, a_real_disk_that_is_full_is_told_in_the_same_words)
{
	static const char *const sizes[] = {"size=48k", "size=120k", "size=200k"};

	fill();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct fp_package *p = package_decided("project.qgs", "", &pts, 1);
		if (!small_disk(p->output, sizes[i]))
			cr_skip_test("no disk can be mounted here");
		ends_full(p, sizes[i]);
		umount(p->output);
		package_done(p);
	}
}

Test(package_bad, no_room_for_the_copy_of_a_database_that_is_being_written_to_is_told)
{
	struct rows_fixture f;
	struct rlimit limit = {50000, RLIM_INFINITY};

	fill();
	open_other("PRAGMA journal_mode = WAL; UPDATE \"table\" SET val = val + 1");
	begin_rows(&f);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_expect_eq(rows_open(&f, NULL), FP_E_FULL, "%s", f.err.msg);
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_expect(strstr(f.err.msg, "the disk is full: there is no room for a copy of a.gpkg"), "%s", f.err.msg);
	rows_end(&f);
	close_other();
}
