/* A package there and back for layers of other kinds: shapefile, CSV, and tables of PostgreSQL that count their keys or have texts for keys. The device is
 * played on the data.gpkg that it got, with the keys that it finds there; then again on the next package. */
#include <criterion/criterion.h>
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/gpkg_blob.h"
#include "tests/postgres.h"

static void start(void)
{
	postgres_start("host gis ada 127.0.0.1/32 trust\n");
	postgres_sql("postgres", "CREATE DATABASE gis");
	postgres_sql("gis", "CREATE EXTENSION postgis; CREATE ROLE ada LOGIN; CREATE SCHEMA field AUTHORIZATION ada; SET SESSION AUTHORIZATION ada;"
		"CREATE TABLE field.stands (code text PRIMARY KEY, name text, size int, geom geometry(Point, 2056));"
		"CREATE TABLE field.posts (id serial PRIMARY KEY, name text, size int, geom geometry(Point, 2056));"
		"INSERT INTO field.stands SELECT 'K' || n, 'name ' || n, n * 10, ST_SetSRID(ST_MakePoint(2600000 + n, 1200000), 2056) FROM generate_series(1, 4) n;"
		"INSERT INTO field.posts (name, size, geom) SELECT name, size, geom FROM field.stands ORDER BY code");
}

POSTGRES_FOR_ALL_TESTS(start)

TestSuite(package_round_layers, .timeout = 120);

/* Every layer has a key, "name" and "size", and four features: 1 to 4 or K1 to K4. */
struct kind {
	const char *id, *key; /* of the layer; the column of its source key */
	const char *prefix;   /* of the keys */
	int counts;           /* the source makes the keys of new features */
	int spatial;
};

/* ---- the project ---- */

static void add_layer(struct fp_buf *b, const struct kind *k, const char *provider, const char *source)
{
	fp_buf_addf(b, "<maplayer type=\"vector\" geometry=\"%s\"><id>%s</id><datasource>%s</datasource><layername>%s</layername><provider encoding=\"UTF-8\">%s"
		"</provider><customproperties><Option type=\"Map\"><Option name=\"QFieldSync/cloud_action\" type=\"QString\" value=\"offline\"/></Option>"
		"</customproperties></maplayer>", k->spatial ? "Point" : "No geometry", k->id, source, k->id, provider);
}

static void write_project(const char *layers)
{
	char *text = fp_asprintf("<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22.16-Bia\" projectname=\"round\"><title>round</title>"
		"<projectlayers>%s</projectlayers><properties><Paths><Absolute type=\"bool\">false</Absolute></Paths></properties></qgis>", layers);

	cli_write("p/round.qgs", text);
	free(text);
}

static void write_shapefile(void)
{
	OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
	char *path = fp_path_join(cli_path("p"), "plots.shp");
	GDALDatasetH ds;
	OGRLayerH l;

	GDALAllRegister();
	OSRImportFromEPSG(srs, 2056);
	ds = GDALCreate(GDALGetDriverByName("ESRI Shapefile"), path, 0, 0, 0, GDT_Unknown, NULL);
	l = GDALDatasetCreateLayer(ds, "plots", srs, wkbPoint, NULL);
	for (int i = 0; i < 3; i++) {
		OGRFieldDefnH f = OGR_Fld_Create((const char *[]){"fid", "name", "size"}[i], i == 1 ? OFTString : OFTInteger);
		cr_assert_eq(OGR_L_CreateField(l, f, 1), OGRERR_NONE);
		OGR_Fld_Destroy(f);
	}
	for (int i = 1; i <= 4; i++) {
		OGRFeatureH f = OGR_F_Create(OGR_L_GetLayerDefn(l));
		OGRGeometryH g = OGR_G_CreateGeometry(wkbPoint);
		char name[16];
		snprintf(name, sizeof name, "name %d", i);
		OGR_F_SetFieldInteger(f, 0, i);
		OGR_F_SetFieldString(f, 1, name);
		OGR_F_SetFieldInteger(f, 2, i * 10);
		OGR_G_SetPoint_2D(g, 0, 2600000 + i, 1200000);
		OGR_F_SetGeometryDirectly(f, g);
		cr_assert_eq(OGR_L_CreateFeature(l, f), OGRERR_NONE);
		OGR_F_Destroy(f);
	}
	GDALClose(ds);
	OSRDestroySpatialReference(srs);
	free(path);
}

static void home(const char *config)
{
	cli_write("home/config.yaml", config);
	cli_wants(0, "init --yes");
	cli_wants(0, "project create Round --from %s --yes", cli_path("p"));
	cli_wants(0, "engine run --once");
}

/* ---- the device ---- */

struct device {
	sqlite3 *db;
	json_t *layers; /* of the package, as the home tells of them */
};

static void take(struct device *d, const char *folder)
{
	char *path;

	cli_wants(0, "job trigger Round package --yes");
	cli_wants(0, "engine run --once");
	cli_wants(0, "package get Round -o %s", cli_path(folder));
	path = fp_path_join(cli_path(folder), "data.gpkg");
	cr_assert_eq(sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	cr_assert_eq(fp_gpkg_functions(d->db), SQLITE_OK);
	d->layers = json_deep_copy(json_object_get(cli_json(0, "package show Round --json"), "layers"));
	free(path);
}

static void leave(struct device *d)
{
	sqlite3_close(d->db);
	json_decref(d->layers);
}

static const char *table_of(const struct device *d, const struct kind *k)
{
	const json_t *l;
	size_t i;

	json_array_foreach(d->layers, i, l)
		if (strcmp(fp_json_str(l, "id"), k->id) == 0) {
			cr_assert_str_eq(fp_json_str_or(l, "action", ""), "offline", "%s", k->id);
			cr_assert_str_eq(fp_json_str_or(l, "pk", ""), k->key, "%s", k->id);
			return fp_json_str(l, "table");
		}
	cr_assert(0, "%s is not in the package", k->id);
	return "";
}

/* The first column of the first row of SQL, a format of sqlite3_mprintf(); static for a while, "" for none. */
static const char *ask(const struct device *d, const char *sql, ...)
{
	static char answers[16][256];
	static int n;
	char *answer = answers[n++ % 16], *text;
	sqlite3_stmt *s = NULL;
	va_list ap;

	va_start(ap, sql);
	text = sqlite3_vmprintf(sql, ap);
	va_end(ap);
	cr_assert_eq(sqlite3_prepare_v2(d->db, text, -1, &s, NULL), SQLITE_OK, "%s: %s", text, sqlite3_errmsg(d->db));
	*answer = 0;
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		snprintf(answer, sizeof answers[0], "%s", (const char *)sqlite3_column_text(s, 0));
	cr_assert_eq(sqlite3_errcode(d->db) & ~(SQLITE_ROW | SQLITE_DONE), 0, "%s: %s", text, sqlite3_errmsg(d->db));
	sqlite3_finalize(s);
	sqlite3_free(text);
	return answer;
}

static const char *local_key(const struct device *d, const struct kind *k)
{
	return ask(d, "SELECT name FROM pragma_table_info('%q') WHERE pk", table_of(d, k));
}

/* What the device calls the feature of source key N. */
static const char *local_of(const struct device *d, const struct kind *k, int n)
{
	const char *local = ask(d, "SELECT \"%w\" FROM \"%w\" WHERE \"%w\" = '%q%d'", local_key(d, k), table_of(d, k), k->key, k->prefix, n);

	cr_assert_gt(atoi(local), 0, "%s has no %s%d", k->id, k->prefix, n);
	return local;
}

static json_t *delta(const struct kind *k, const char *method, const char *local, const char *source, json_t *old, json_t *new)
{
	static int n;
	char uuid[40];
	json_t *d;

	cr_assert_gt(atoi(local), 0, "the device has no key for it");
	snprintf(uuid, sizeof uuid, "aaaaaaaa-0000-4000-8000-%012d", ++n);
	d = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "uuid", uuid, "clientId", "0f0f0f0f-1111-4222-8333-444444444444", "exportId", "1", "localPk",
		local, "sourcePk", source, "localLayerId", k->id, "sourceLayerId", k->id, "localLayerName", k->id, "localLayerCrs", "EPSG:2056", "method", method);
	if (old)
		json_object_set_new(d, "old", old);
	if (new)
		json_object_set_new(d, "new", new);
	return d;
}

static json_t *size_is(int size)
{
	return json_pack("{s:{s:i}}", "attributes", "size", size);
}

/* Sets the size of the feature N on the device, and says so in DELTAS. */
static void patch(const struct device *d, const struct kind *k, int n, int was, int is, json_t *deltas)
{
	const char *local = local_of(d, k, n);
	char source[16];

	snprintf(source, sizeof source, "%s%d", k->prefix, n);
	cr_assert_eq(atoi(ask(d, "SELECT size FROM \"%w\" WHERE \"%w\" = %s", table_of(d, k), local_key(d, k), local)), was, "%s %s", k->id, source);
	ask(d, "UPDATE \"%w\" SET size = %d WHERE \"%w\" = %s", table_of(d, k), is, local_key(d, k), local);
	json_array_append_new(deltas, delta(k, "patch", local, source, size_is(was), size_is(is)));
}

static void delete(const struct device *d, const struct kind *k, int n, json_t *deltas)
{
	const char *local = local_of(d, k, n);
	char source[16], name[16];

	snprintf(source, sizeof source, "%s%d", k->prefix, n);
	snprintf(name, sizeof name, "name %d", n);
	ask(d, "DELETE FROM \"%w\" WHERE \"%w\" = %s", table_of(d, k), local_key(d, k), local);
	json_array_append_new(deltas, delta(k, "delete", local, source, json_pack("{s:{s:s},s:n}", "attributes", "name", name, "geometry"), NULL));
}

/* A feature with key 9, or with the one that the source will give it; what the device calls it. It sends its own key along, which the source has no column for. */
static const char *create(const struct device *d, const struct kind *k, json_t *deltas)
{
	const char *local, *key = local_key(d, k);
	json_t *attributes = json_pack("{s:s,s:i}", "name", "new", "size", 90), *new;

	if (k->counts)
		ask(d, "INSERT INTO \"%w\" (name, size) VALUES ('new', 90)", table_of(d, k));
	else
		ask(d, "INSERT INTO \"%w\" (\"%w\", name, size) VALUES ('%q9', 'new', 90)", table_of(d, k), k->key, k->prefix);
	local = ask(d, "SELECT \"%w\" FROM \"%w\" WHERE name = 'new'", key, table_of(d, k));
	json_object_set_new(attributes, k->key, k->counts ? json_null() : *k->prefix ? json_string("K9") : json_integer(9));
	json_object_set_new(attributes, key, json_integer(atoi(local)));
	new = json_pack("{s:o}", "attributes", attributes);
	json_object_set_new(new, "geometry", k->spatial ? json_string("Point (2600009 1200009)") : json_null());
	json_array_append_new(deltas, delta(k, "create", local, "", NULL, new));
	return local;
}

static void push(const char *name, const char *id, json_t *deltas)
{
	json_t *all = json_pack("{s:s,s:s,s:s,s:[],s:o}", "version", "1.0", "id", id, "project", "5387f613-76c4-48ae-8732-1cc007b37e14", "files", "deltas", deltas);
	char *bytes = fp_json_dump(all);
	size_t n = json_array_size(deltas);
	const json_t *changes;

	cli_wants(0, "change push Round %s --yes", cli_write(name, bytes));
	cli_run("engine run --once");
	changes = json_object_get(cli_json(0, "change list Round --limit %zu --json", n), "changes");
	for (size_t i = 0; i < n; i++) {
		const json_t *c = json_array_get(changes, i);
		char *text = fp_json_dump(c);
		cr_assert_str_eq(fp_json_str_or(c, "status", ""), "applied", "%s", text);
		free(text);
	}
	free(bytes);
	json_decref(all);
}

static void holds(const struct device *d, const struct kind *k, const char *names_and_sizes)
{
	const char *got = ask(d, "SELECT group_concat(coalesce(name, '') || ' ' || size, ', ') FROM (SELECT * FROM \"%w\" ORDER BY name)", table_of(d, k));

	cr_assert_str_eq(got, names_and_sizes, "%s", k->id);
	cr_assert_str_eq(ask(d, "SELECT count(*) FROM \"%w\" WHERE \"%w\" IS NULL", table_of(d, k), k->key), "0", "%s", k->id);
}

/* Edits of the first package; what it made is edited again by its old name; then the second package is the base of what follows. */
static void there_and_back(const struct kind *kinds, size_t n)
{
	struct device one, two, three;
	json_t *deltas = json_array();

	take(&one, "one");
	for (size_t i = 0; i < n; i++) {
		const char *made;
		patch(&one, &kinds[i], 2, 20, 22, deltas);
		delete(&one, &kinds[i], 3, deltas);
		made = create(&one, &kinds[i], deltas);
		json_array_append_new(deltas, delta(&kinds[i], "patch", made, "", size_is(90), size_is(91)));
	}
	cr_assert_str_eq(ask(&one, "PRAGMA integrity_check"), "ok");
	push("one.json", "11111111-2222-4333-8444-000000000001", deltas);
	take(&two, "two");
	deltas = json_array();
	for (size_t i = 0; i < n; i++) {
		const struct kind *k = &kinds[i];
		int made = atoi(ask(&two, "SELECT replace(\"%w\", 'K', '') FROM \"%w\" WHERE name = 'new'", k->key, table_of(&two, k)));
		holds(&two, k, "name 1 10, name 2 22, name 4 40, new 91");
		cr_assert(k->counts ? made > 4 : made == 9, "%s", k->id);
		patch(&two, k, made, 91, 92, deltas);
		patch(&two, k, 4, 40, 44, deltas);
		delete(&two, k, 1, deltas);
	}
	push("two.json", "11111111-2222-4333-8444-000000000002", deltas);
	take(&three, "three");
	for (size_t i = 0; i < n; i++)
		holds(&three, &kinds[i], "name 2 22, name 4 44, new 92");
	leave(&one);
	leave(&two);
	leave(&three);
}

Test(package_round_layers, shapefiles_and_text_files_come_back_with_the_edits_of_two_packages)
{
	static const struct kind kinds[] = {{"plots", "fid", "", 0, 1}, {"visits", "fid", "", 0, 0}};
	struct fp_buf b = FP_BUF_INIT;

	cli_folder();
	add_layer(&b, &kinds[0], "ogr", "./plots.shp");
	add_layer(&b, &kinds[1], "ogr", "./visits.csv");
	write_project(b.data);
	write_shapefile();
	cli_write("p/visits.csv", "fid,name,size\n1,name 1,10\n2,name 2,20\n3,name 3,30\n4,name 4,40\n");
	home("upload_settle_ms: 0\n");
	there_and_back(kinds, 2);
	fp_buf_free(&b);
}

Test(package_round_layers, tables_of_a_database_come_back_with_keys_that_are_texts_or_counted)
{
	static const struct kind kinds[] = {{"stands", "code", "K", 0, 1}, {"posts", "id", "", 1, 1}};
	struct fp_buf b = FP_BUF_INIT;

	postgres_needed();
	cli_folder();
	for (size_t i = 0; i < 2; i++) {
		char *source = fp_asprintf("dbname='gis' host=127.0.0.1 port=%d user='ada' key='%s' srid=2056 type=Point table=\"field\".\"%s\" (geom)", postgres_port(),
			kinds[i].key, kinds[i].id);
		add_layer(&b, &kinds[i], "postgres", source);
		free(source);
	}
	write_project(b.data);
	home("upload_settle_ms: 0\nnetwork_checks: true\nnetwork_allow: \"127.0.0.1\"\n");
	there_and_back(kinds, 2);
	fp_buf_free(&b);
}
