#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/changes/geometry.h"

static const char *const types[] = {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
	"GeometryCollection", "CircularString", "CompoundCurve", "CurvePolygon", "MultiCurve", "MultiSurface", "Triangle", "TIN",
	"PolyhedralSurface"};

#define DEPTH 40

struct cleaner {
	struct fp_buf *out;
	const char *p;
	int dims[DEPTH]; /* ordinates a tuple must have, by depth of brackets; 0: as many as it has */
	int depth;
	int next;        /* for the bracket that comes */
	int ordinates;   /* of the tuple being read */
	int padded;
};

static int word(const char *w, size_t n, const char *want)
{
	return strlen(want) == n && strncasecmp(w, want, n) == 0;
}

static int dimensions(const char *w, size_t n)
{
	return word(w, n, "ZM") ? 4 : word(w, n, "Z") || word(w, n, "M") ? 3 : n == 0 ? 2 : 0;
}

/* "PointZ", "Point" with "Z" behind, "EMPTY", "nan". */
static int take_word(struct cleaner *c)
{
	size_t n = 0;

	while (isalpha((unsigned char)c->p[n]))
		n++;
	if (word(c->p, n, "nan")) {
		fp_buf_adds(c->out, "0");
		c->ordinates++;
	} else if (word(c->p, n, "EMPTY")) {
		fp_buf_adds(c->out, " EMPTY");
		c->next = 0;
	} else if (c->next && dimensions(c->p, n)) {
		c->next = dimensions(c->p, n);
		fp_buf_addf(c->out, " %.*s", (int)n, c->p);
	} else {
		size_t t = 0, k = 0;
		for (; t < sizeof types / sizeof *types; t++) {
			k = strlen(types[t]);
			if (n >= k && strncasecmp(c->p, types[t], k) == 0 && (n == k || dimensions(c->p + k, n - k)))
				break;
		}
		if (t == sizeof types / sizeof *types)
			return -1;
		c->next = dimensions(c->p + k, n - k);
		fp_buf_addf(c->out, "%s %.*s", types[t], (int)(n - k), c->p + k);
	}
	c->p += n;
	return 0;
}

static int take_number(struct cleaner *c)
{
	size_t n = strspn(c->p, "+-.0123456789eE");
	char *end;

	if ((c->p[0] == '-' || c->p[0] == '+') && strncasecmp(c->p + 1, "nan", 3) == 0) {
		c->p++;
		return take_word(c);
	}
	if (n > 100 || !isfinite(strtod(c->p, &end)) || end != c->p + n)
		return -1;
	fp_buf_add(c->out, c->p, n);
	c->ordinates++;
	c->p += n;
	return 0;
}

static void end_tuple(struct cleaner *c)
{
	int want = c->depth > 0 ? c->dims[c->depth - 1] : 0;

	for (; c->ordinates >= 2 && c->ordinates < want; c->ordinates++) {
		fp_buf_adds(c->out, " " FP_WKT_MISSING);
		c->padded = 1;
	}
	c->ordinates = 0;
}

static int take_mark(struct cleaner *c)
{
	switch (*c->p) {
	case '(':
		if (c->depth == DEPTH)
			return -1;
		/* Brackets without a word of their own go on with what holds around them. */
		c->dims[c->depth] = c->next ? c->next : c->depth > 0 ? c->dims[c->depth - 1] : 0;
		c->depth++;
		c->next = 0;
		break;
	case ')':
		end_tuple(c);
		if (c->depth-- == 0)
			return -1;
		break;
	case ',':
		end_tuple(c);
		break;
	default:
		return -1;
	}
	fp_buf_addc(c->out, *c->p++);
	return 0;
}

int fp_wkt_clean(struct fp_buf *out, const char *wkt)
{
	struct cleaner c = {.out = out, .p = wkt};
	int bad = 0;

	while (*c.p && !bad) {
		if (isspace((unsigned char)*c.p)) {
			if (out->len > 0 && out->data[out->len - 1] != ' ')
				fp_buf_addc(out, ' ');
			c.p++;
		} else if (isalpha((unsigned char)*c.p)) {
			bad = take_word(&c);
		} else if (strchr("+-.0123456789", *c.p)) {
			bad = take_number(&c);
		} else {
			bad = take_mark(&c);
		}
	}
	return bad || c.depth != 0 ? -1 : c.padded;
}
