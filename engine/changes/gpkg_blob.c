#include "engine/changes/gpkg_blob.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/changes/geometry.h"

#define HEADER 8

static double read_double(const unsigned char *p, int little)
{
	unsigned char b[8];
	double d;

	for (int i = 0; i < 8; i++)
		b[i] = p[little ? i : 7 - i];
	memcpy(&d, b, 8); /* the machines of the house are little endian (asserted below) */
	return d;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blobs and WKB are written in the order of the machine");

static uint32_t read_type(const unsigned char *p)
{
	return p[0] ? (uint32_t)p[1] | (uint32_t)p[2] << 8 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 24
		: (uint32_t)p[4] | (uint32_t)p[3] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 24;
}

static int is_point(const unsigned char *wkb, size_t n)
{
	return n >= 21 && read_type(wkb) % 1000 == 1;
}

int fp_gpkg_wkb_envelope(double env[4], const unsigned char *wkb, size_t n)
{
	OGRGeometryH g;
	OGREnvelope e;
	int full;

	if (is_point(wkb, n)) {
		env[0] = env[1] = read_double(wkb + 5, wkb[0]);
		env[2] = env[3] = read_double(wkb + 13, wkb[0]);
		return !isnan(env[0]) && !isnan(env[2]);
	}
	g = fp_geom_from_wkb(wkb, n);
	if (!g)
		return 0;
	full = !OGR_G_IsEmpty(g);
	OGR_G_GetEnvelope(g, &e);
	OGR_G_DestroyGeometry(g);
	env[0] = e.MinX;
	env[1] = e.MaxX;
	env[2] = e.MinY;
	env[3] = e.MaxY;
	return full;
}

int fp_gpkg_blob_read(struct fp_gpkg_blob *out, const unsigned char *blob, size_t n, int envelope)
{
	static const size_t sizes[] = {0, 32, 48, 48, 64};
	unsigned code;

	*out = (struct fp_gpkg_blob){0};
	if (!blob || n < HEADER || blob[0] != 'G' || blob[1] != 'P' || blob[2] != 0)
		return -1;
	code = (blob[3] >> 1) & 7;
	if (code >= sizeof sizes / sizeof *sizes || n < HEADER + sizes[code])
		return -1;
	out->empty = (blob[3] >> 4) & 1;
	out->wkb = blob + HEADER + sizes[code];
	out->wkb_len = n - HEADER - sizes[code];
	if (!envelope || out->empty)
		return 0;
	if (code > 0) {
		for (int i = 0; i < 4; i++)
			out->envelope[i] = read_double(blob + HEADER + 8 * i, blob[3] & 1);
		out->has_envelope = 1;
	} else {
		out->has_envelope = fp_gpkg_wkb_envelope(out->envelope, out->wkb, out->wkb_len);
	}
	return 0;
}

unsigned char *fp_gpkg_blob_new(const unsigned char *wkb, size_t wkb_len, int srs_id, size_t *n)
{
	double env[4];
	int full = fp_gpkg_wkb_envelope(env, wkb, wkb_len), with = full && !is_point(wkb, wkb_len);
	unsigned char *blob = fp_alloc(HEADER + sizeof env + wkb_len);
	size_t at = HEADER;
	int32_t srs = srs_id;

	memcpy(blob, "GP", 3); /* version 0 */
	blob[3] = (unsigned char)(1 | (with ? 1 << 1 : 0) | (full ? 0 : 1 << 4));
	memcpy(blob + 4, &srs, sizeof srs);
	if (with) {
		memcpy(blob + at, env, sizeof env);
		at += sizeof env;
	}
	memcpy(blob + at, wkb, wkb_len);
	*n = at + wkb_len;
	return blob;
}

static void is_empty(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct fp_gpkg_blob b;

	(void)n;
	if (sqlite3_value_type(v[0]) != SQLITE_BLOB)
		sqlite3_result_null(c);
	else if (fp_gpkg_blob_read(&b, sqlite3_value_blob(v[0]), (size_t)sqlite3_value_bytes(v[0]), 0) != 0)
		sqlite3_result_error(c, "not a GeoPackage geometry", -1);
	else
		sqlite3_result_int(c, b.empty);
}

static void envelope_side(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct fp_gpkg_blob b;

	(void)n;
	if (fp_gpkg_blob_read(&b, sqlite3_value_blob(v[0]), (size_t)sqlite3_value_bytes(v[0]), 1) != 0 || !b.has_envelope)
		sqlite3_result_null(c);
	else
		sqlite3_result_double(c, b.envelope[(intptr_t)sqlite3_user_data(c)]);
}

int fp_gpkg_functions(sqlite3 *db)
{
	static const char *const sides[] = {"ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"};
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int rc = sqlite3_create_function(db, "ST_IsEmpty", 1, flags, NULL, is_empty, NULL, NULL);

	for (intptr_t i = 0; rc == SQLITE_OK && i < 4; i++)
		rc = sqlite3_create_function(db, sides[i], 1, flags, (void *)i, envelope_side, NULL, NULL);
	return rc;
}
