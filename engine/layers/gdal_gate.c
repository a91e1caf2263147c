#include "engine/layers/gdal_gate.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/layers/foreign.h"
#include "engine/layers/vrt.h"

#define MESSAGES_MAX 16

static const char *scratch_dir;

static const char *const settings[][2] = {
	{"GDAL_VRT_ENABLE_PYTHON", "NO"}, {"OGR_SQLITE_STATIC_VIRTUAL_OGR", "NO"}, {"CPL_VSIL_CURL_ALLOWED_FILENAME", "none"},
	{"GDAL_PAM_ENABLED", "NO"}, {"OGR_GEOJSON_MAX_OBJ_SIZE", "50"}, {"GDAL_CACHEMAX", "64"}, {"SHAPE_RESTORE_SHX", "NO"},
	{"GDAL_HTTP_TIMEOUT", "5"}, {"GDAL_HTTP_CONNECTTIMEOUT", "3"}, {"GDAL_HTTP_MAX_RETRY", "0"}, {"GDAL_HTTP_NETRC", "NO"},
	{"PROJ_NETWORK", "OFF"}, {"GML_DOWNLOAD_WFS_SCHEMA", "NO"}, {"GDAL_DRIVER_PATH", "disable"}, {"CPL_DEBUG", "OFF"},
	{"GPX_ELE_AS_25D", "YES"}, /* as QGIS does */
};
static const char *const without[] = {"OGR_SQLITE_LOAD_EXTENSIONS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
	"GOOGLE_APPLICATION_CREDENTIALS", "GS_ACCESS_KEY_ID", "AZURE_STORAGE_CONNECTION_STRING"};

void fp_gdal_init(const char *scratch)
{
	scratch_dir = scratch;
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		CPLSetConfigOption(settings[i][0], settings[i][1]);
	for (size_t i = 0; i < sizeof without / sizeof *without; i++)
		unsetenv(without[i]);
	if (scratch)
		CPLSetConfigOption("CPL_TMPDIR", scratch);
}

const char *fp_gdal_scratch(void)
{
	return scratch_dir;
}

static void CPL_STDCALL take_message(CPLErr level, CPLErrorNum number, const char *text)
{
	struct fp_gdal_messages *m = CPLGetErrorHandlerUserData();
	size_t n = m->root ? strlen(m->root) : 0;
	struct fp_buf b = FP_BUF_INIT;
	char *clean;

	(void)number;
	if (level < CE_Warning || m->texts.n >= MESSAGES_MAX)
		return;
	for (const char *p = text; *p; p++) {
		if (n && strncmp(p, m->root, n) == 0 && p[n] == '/')
			p += n; /* the loop steps over the "/" */
		else
			fp_buf_addc(&b, *p == '\n' ? ' ' : *p);
	}
	clean = fp_text_clean(b.data);
	if (!fp_strv_has(&m->texts, clean))
		fp_strv_add(&m->texts, clean);
	free(clean);
	fp_buf_free(&b);
}

void fp_gdal_collect(struct fp_gdal_messages *m, const char *root)
{
	*m = (struct fp_gdal_messages){.root = root};
	CPLErrorReset();
	CPLPushErrorHandlerEx(take_message, m);
}

void fp_gdal_collect_end(void)
{
	CPLPopErrorHandler();
}

/* Open options that say how to read and never what else to read: PRELUDE_STATEMENTS or XSD from a stranger would be a gift to him. */
static int is_harmless(const char *option)
{
	static const char *const names[] = {"ENCODING", "HEADERS", "FIELD_TYPES", "ADJUST_TYPE", "ADJUST_GEOM_TYPE", "AUTODETECT_TYPE",
		"AUTODETECT_WIDTH", "MERGE_SEPARATOR", "QUOTED_FIELDS_AS_STRING", "X_POSSIBLE_NAMES", "Y_POSSIBLE_NAMES", "Z_POSSIBLE_NAMES",
		"GEOM_POSSIBLE_NAMES", "KEEP_GEOM_COLUMNS", "EMPTY_STRING_AS_NULL", "LIST_ALL_TABLES", "FLATTEN_NESTED_ATTRIBUTES",
		"NESTED_ATTRIBUTE_SEPARATOR", "ARRAY_AS_STRING", "DATE_AS_STRING", "EXPOSE_FID", "EXPOSE_GML_ID", "EMPTY_AS_NULL", "READ_MODE",
		"CLOSED_LINE_AS_POLYGON", "INLINE_BLOCKS", "TABLE", "ZOOM_LEVEL", "BAND_COUNT", "USE_BOUNDS", "NUM_THREADS", "GEOREF_SOURCES",
		"COLUMN_ORDER", "HONOUR_VALID_RANGE", "ASSUME_LONGLAT"};
	size_t n = strcspn(option, "=");

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n && strncasecmp(names[i], option, n) == 0)
			return 1;
	return 0;
}

static char **open_options(const struct fp_strv *wanted, const char *driver, const struct fp_sniff *s, int update)
{
	char **o = NULL;

	for (size_t i = 0; wanted && i < wanted->n; i++)
		if (is_harmless(wanted->items[i]))
			o = CSLAddString(o, wanted->items[i]);
	if (strcmp(driver, "GML") == 0)
		o = CSLAddString(CSLAddString(o, "WRITE_GFS=NO"), "DOWNLOAD_SCHEMA=NO");
	if (!update && s->wal_mode)
		o = CSLAddString(o, "IMMUTABLE=YES"); /* else SQLite wants to make files beside it */
	return o;
}

int fp_sqlite_has_leftover(const char *path)
{
	static const char *const tails[] = {"-wal", "-journal"};
	int found = 0;

	for (int i = 0; i < 2; i++) {
		char *side = fp_asprintf("%s%s", path, tails[i]);
		struct stat sb;
		found |= stat(side, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size > 0;
		free(side);
	}
	return found;
}

/* Copies of SQLite files made so far: path, copy, path, copy ... A project rarely has more than two. */
static struct fp_strv copies;

static enum fp_status copy_with_leftovers(const char *from, const char *to, struct fp_error *err)
{
	static const char *const tails[] = {"", "-wal", "-journal"};
	enum fp_status st = FP_OK;

	for (int i = 0; i < 3 && st == FP_OK; i++) {
		char *f = fp_asprintf("%s%s", from, tails[i]), *t = fp_asprintf("%s%s", to, tails[i]);
		if (i == 0 || access(f, F_OK) == 0)
			st = fp_fs_copy(f, t, err);
		free(f);
		free(t);
	}
	return st;
}

enum fp_status fp_gdal_quiet_copy(const char **out, const char *path, int always, struct fp_error *err)
{
	char *dir, *copy;
	enum fp_status st;

	*out = path;
	if (!always && !fp_sqlite_has_leftover(path))
		return FP_OK;
	for (size_t i = 0; i + 1 < copies.n; i += 2)
		if (strcmp(copies.items[i], path) == 0) {
			*out = copies.items[i + 1];
			return FP_OK;
		}
	if (!scratch_dir)
		return fp_fail(err, FP_E_REFUSED, "it is still being written to, and there is no place for a copy");
	dir = fp_asprintf("%s/sqlite-%zu", scratch_dir, copies.n / 2);
	copy = fp_path_join(dir, fp_path_base(path));
	st = fp_fs_mkdirs(dir, err);
	if (st == FP_OK)
		st = copy_with_leftovers(path, copy, err);
	free(dir);
	if (st != FP_OK) {
		free(copy);
		return st == FP_E_FULL ? fp_fail(err, st, "the disk is full: there is no room for a copy of %s, which is still being written to", fp_path_base(path))
			: st;
	}
	fp_strv_add(&copies, path);
	fp_strv_take(&copies, copy);
	*out = copy;
	return FP_OK;
}

static int is_in_archive(const struct fp_gdal_name *name)
{
	return strncmp(name->before, "/vsi", 4) == 0;
}

/* The part of the name behind the path says more than the path: it is what lies in an archive. */
static const char *called(const struct fp_gdal_name *name)
{
	return is_in_archive(name) && *name->after ? name->after : name->path;
}

/* The drivers for it, or a refusal. */
static enum fp_status choose(struct fp_strv *drivers, const struct fp_gdal_name *name, const struct fp_sniff *s, unsigned use, struct fp_error *err)
{
	enum fp_status st;

	if (s->magic == FP_MAGIC_SERVICE)
		return fp_fail(err, FP_E_REFUSED, "the file describes a web service");
	if (s->magic != FP_MAGIC_VRT) {
		fp_formats_allow(drivers, called(name), s->magic, use);
		return FP_OK;
	}
	st = fp_vrt_check(name->path, name->root, use, err);
	if (st == FP_OK)
		fp_formats_allow_vrt(drivers, use);
	return st;
}

/* None of our drivers opened it: somebody else's may, or it is damaged. */
static enum fp_status not_opened(const struct fp_gdal_name *name, const struct fp_sniff *s, unsigned use, int asked, struct fp_error *err)
{
	unsigned kind = use & FP_USE_RASTER ? FP_USE_RASTER : FP_USE_VECTOR;
	const char *what = NULL;

	if (*name->before && !is_in_archive(name)) /* "GPKG:" and the like say which driver it is for */
		;
	else if (s->magic == FP_MAGIC_FOLDER)
		what = fp_foreign_folder(name->path, kind);
	else
		what = fp_foreign_format(called(name), is_in_archive(name) ? NULL : s, kind);
	if (what)
		return fp_fail(err, FP_E_REFUSED, "this version does not open a file of this kind (%s)", what);
	if (asked)
		return fp_fail(err, FP_E_INVALID, "no driver recognises its content");
	return fp_fail(err, FP_E_INVALID, "the file holds no %s data", kind == FP_USE_RASTER ? "raster" : "vector");
}

/* SQLite files are read from a copy when something would have to be written beside them. Only the GPKG driver can be told not to. */
static enum fp_status settle(const char **path, const struct fp_gdal_name *name, const struct fp_sniff *s, int update, struct fp_error *err)
{
	*path = name->path;
	if (update || s->magic != FP_MAGIC_SQLITE)
		return FP_OK;
	return fp_gdal_quiet_copy(path, name->path, s->wal_mode && !fp_path_has_suffix(name->path, ".gpkg"), err);
}

/* Asks one driver after the other in the order of our table: GDAL would ask them in the order in which earlier files made us register them. As in GDAL, one
 * that knows the format and fails ends the search. */
static GDALDatasetH open_with(const struct fp_strv *drivers, const char *full, unsigned use, int update, const struct fp_strv *wanted,
	const struct fp_sniff *s)
{
	unsigned flags = (use & FP_USE_VECTOR ? GDAL_OF_VECTOR : 0) | (use & FP_USE_RASTER ? GDAL_OF_RASTER : 0) |
		(update ? GDAL_OF_UPDATE : GDAL_OF_READONLY);
	GDALDatasetH ds = NULL;

	CPLErrorReset();
	for (size_t i = 0; i < drivers->n && !ds && CPLGetLastErrorType() < CE_Failure; i++) {
		const char *one[] = {drivers->items[i], NULL};
		char **options = open_options(wanted, one[0], s, update);
		ds = GDALOpenEx(full, flags, one, (const char *const *)options, NULL);
		CSLDestroy(options);
	}
	return ds;
}

enum fp_status fp_gdal_open(GDALDatasetH *out, const struct fp_gdal_name *name, unsigned use, int update, const struct fp_strv *options,
	struct fp_error *err)
{
	struct fp_strv drivers = {0};
	struct fp_sniff s;
	const char *path;
	char *full;
	enum fp_status st;

	*out = NULL;
	if (fp_sniff(&s, name->path) != 0)
		return fp_fail(err, FP_E_INVALID, "it cannot be read");
	if (is_in_archive(name))
		s = (struct fp_sniff){0}; /* the archive's first bytes say nothing of what is in it */
	st = choose(&drivers, name, &s, use, err);
	if (st == FP_OK)
		st = settle(&path, name, &s, update, err);
	if (st != FP_OK) {
		fp_strv_free(&drivers);
		return st;
	}
	if (path != name->path)
		s.wal_mode = 0; /* the copy may be tidied up */
	full = fp_asprintf("%s%s%s", name->before, path, name->after);
	*out = open_with(&drivers, full, use, update, options, &s);
	if (!*out && s.magic == FP_MAGIC_NONE && CPLGetLastErrorType() < CE_Failure) { /* its name misleads: each driver may look for itself */
		fp_strv_free(&drivers);
		fp_formats_allow_all(&drivers, use);
		*out = open_with(&drivers, full, use, update, options, &s);
	}
	free(full);
	st = *out ? FP_OK : not_opened(name, &s, use, drivers.n > 0, err);
	fp_strv_free(&drivers);
	return st;
}
