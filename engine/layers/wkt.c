#include "engine/layers/wkt.h"

#include <ctype.h>
#include <ogr_api.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/layers/provider.h"

#define TEXT_MAX (1 << 20) /* QGIS reads no longer lines */

enum { COLLECTION = 7, POLYHEDRAL = 15, TIN = 16, NO_GEOMETRY = 100 };

static const char *past_blanks(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static const char *past_digits(const char *p)
{
	return p + strspn(p, "0123456789");
}

static const char *past_prefix(const char *text)
{
	const char *p = past_blanks(text), *end;

	if (strncasecmp(p, "SRID=", 5) == 0) {
		end = past_digits(p + 5);
		return end > p + 5 && *end == ';' ? past_blanks(end + 1) : p;
	}
	end = past_digits(p);
	return end > p && isspace((unsigned char)*end) ? past_blanks(end) : p;
}

/* The word or words before the coordinates, without blanks: "PointZM". Caller frees. */
static char *type_name(const char *p, size_t n)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (size_t i = 0; i < n && p[i] != '('; i++)
		if (!isspace((unsigned char)p[i]))
			fp_buf_addc(&b, p[i]);
	return fp_buf_take(&b);
}

int fp_wkb_word(const char *text)
{
	char *name = type_name(text, strlen(text));
	size_t n = strlen(name);
	int wkb = fp_wkb_type(name), flat = wkb % 1000;

	if (n > 3 && strcasecmp(name + n - 3, "25D") == 0)
		wkb = flat >= 1 && flat <= 6 ? (int)(0x80000000u | (unsigned)flat) : -1;
	free(name);
	return wkb == 0 ? -1 : wkb;
}

/* TYPE and the rest of the text as OGR wants it: "POINTZ(1 2 3)" is not written with a blank by everybody. Caller frees. */
static char *for_ogr(const char *name, const char *rest)
{
	static const char *const tails[] = {"ZM", "Z", "M"};
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		size_t k = strlen(tails[i]);
		if (n > k && strcasecmp(name + n - k, tails[i]) == 0)
			return fp_asprintf("%.*s %s %s", (int)(n - k), name, tails[i], rest);
	}
	return fp_asprintf("%s %s", name, rest);
}

static int ask_ogr(OGRGeometryH *g, char *text)
{
	OGRwkbGeometryType t;
	char *at = text;

	if (OGR_G_CreateFromWkt(&at, NULL, g) != OGRERR_NONE) {
		OGR_G_DestroyGeometry(*g);
		*g = NULL;
		return -1;
	}
	t = OGR_G_GetGeometryType(*g);
	return (int)OGR_GT_Flatten(t) + (OGR_GT_HasZ(t) ? 1000 : 0) + (OGR_GT_HasM(t) ? 2000 : 0);
}

/* "POINT Z EMPTY", which not every version of QGIS reads. */
static int is_apart(const char *p, size_t n)
{
	while (n > 0 && isspace((unsigned char)p[n - 1]))
		n--;
	while (n > 0 && !isspace((unsigned char)p[n - 1]))
		n--;
	return n > 0;
}

enum fp_wkt fp_wkt_type(int *wkb, const char *text)
{
	OGRGeometryH g;
	enum fp_wkt is = fp_wkt_geometry(&g, wkb, text);

	OGR_G_DestroyGeometry(g);
	return is;
}

enum fp_wkt fp_wkt_geometry(OGRGeometryH *g, int *wkb, const char *text)
{
	const char *p = past_prefix(text), *empty = strcasestr(p, "EMPTY"), *rest = strchr(p, '(');
	size_t n = rest ? (size_t)(rest - p) : empty ? (size_t)(empty - p) : strlen(p);
	enum fp_wkt is = FP_WKT_NONE;
	char *name, *whole;

	*g = NULL;
	if (strlen(p) > TEXT_MAX)
		return FP_WKT_DOUBTFUL;
	name = type_name(p, n);
	if (fp_wkb_word(name) != -1 && fp_wkb_word(name) != NO_GEOMETRY) {
		whole = for_ogr(name, p + n);
		*wkb = ask_ogr(g, whole);
		is = *wkb < 0 || (!rest && is_apart(p, n)) || *wkb % 1000 == TIN || *wkb % 1000 == POLYHEDRAL ? FP_WKT_DOUBTFUL : FP_WKT_GOOD;
		free(whole);
	}
	free(name);
	return is;
}

int fp_wkb_class(int wkb)
{
	static const char classes[] = {0, 1, 2, 3, 1, 2, 3, 0, 2, 2, 3, 2, 3, 0, 0, 3, 3, 3};

	return classes[wkb % 1000];
}

int fp_wkb_is_multi(int wkb)
{
	int flat = wkb % 1000;

	return (flat >= 4 && flat <= COLLECTION) || flat == 11 || flat == 12;
}
