#include "engine/changes/shape.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/mem.h"

#define DEPTH_MAX 40
#define NUMBER_MAX 100

/* What stands in the brackets. PATHS are lines of a curve, with a word or without; the last four hold geometries, with a word or without. */
enum inside { TUPLE, TUPLES, PATHS, RINGS, POINTS, LINES, POLYGONS, ANY };

static const struct type {
	const char *word;
	enum fp_shape_class class;
	enum inside inside;
} types[] = {
	{"Point", FP_SHAPE_POINT, TUPLE},
	{"LineString", FP_SHAPE_LINE, TUPLES},
	{"CircularString", FP_SHAPE_LINE, TUPLES},
	{"CompoundCurve", FP_SHAPE_LINE, PATHS},
	{"Polygon", FP_SHAPE_POLYGON, RINGS},
	{"Triangle", FP_SHAPE_POLYGON, RINGS},
	{"CurvePolygon", FP_SHAPE_POLYGON, RINGS},
	{"MultiPoint", FP_SHAPE_MULTI_POINT, POINTS},
	{"MultiLineString", FP_SHAPE_MULTI_LINE, LINES},
	{"MultiCurve", FP_SHAPE_MULTI_LINE, LINES},
	{"MultiPolygon", FP_SHAPE_MULTI_POLYGON, POLYGONS},
	{"MultiSurface", FP_SHAPE_MULTI_POLYGON, POLYGONS},
	{"PolyhedralSurface", FP_SHAPE_MULTI_POLYGON, POLYGONS},
	{"TIN", FP_SHAPE_MULTI_POLYGON, POLYGONS},
	{"GeometryCollection", FP_SHAPE_COLLECTION, ANY},
};
#define N_TYPES (sizeof types / sizeof *types)

enum { HAS_Z = 1, HAS_M = 2, UNSAID = 4 };

struct reader {
	struct fp_shape *s;
	const char *text, *p;
	size_t limit;
	int depth;
	struct fp_error *err;
};

static enum fp_status bad(struct reader *r, const char *what)
{
	return fp_fail(r->err, FP_E_INVALID, "the geometry is no WKT: %s expected at byte %zu, before \"%.20s\"", what, (size_t)(r->p - r->text) + 1, r->p);
}

static void blanks(struct reader *r)
{
	while (isspace((unsigned char)*r->p))
		r->p++;
}

static int mark(struct reader *r, char c)
{
	blanks(r);
	if (*r->p != c)
		return 0;
	r->p++;
	return 1;
}

static size_t letters(const char *p)
{
	size_t n = 0;

	while (isalpha((unsigned char)p[n]))
		n++;
	return n;
}

static int is_word(const char *p, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(p, word, n) == 0;
}

static int empty(struct reader *r)
{
	blanks(r);
	if (!is_word(r->p, letters(r->p), "EMPTY"))
		return 0;
	r->p += 5;
	return 1;
}

static int dimensions(const char *p, size_t n, int *dims)
{
	*dims = is_word(p, n, "ZM") ? HAS_Z | HAS_M : is_word(p, n, "Z") ? HAS_Z : HAS_M;
	return *dims != HAS_M || is_word(p, n, "M");
}

/* "PointZ", "Point Z". *DIMS stays as it is around this one when nothing is said here. */
static const struct type *type_word(struct reader *r, int *dims)
{
	size_t n = letters(r->p);

	for (size_t i = 0; i < N_TYPES; i++) {
		size_t k = strlen(types[i].word);
		if (n < k || strncasecmp(r->p, types[i].word, k) != 0 || (n > k && !dimensions(r->p + k, n - k, dims)))
			continue;
		r->p += n;
		blanks(r);
		if (n == k && dimensions(r->p, letters(r->p), &(int){0})) {
			dimensions(r->p, letters(r->p), dims);
			r->p += letters(r->p);
		}
		return &types[i];
	}
	return NULL;
}

static enum fp_status number(struct reader *r, double *v)
{
	const char *digits = r->p + (*r->p == '-' || *r->p == '+');
	size_t n = strspn(r->p, "+-.0123456789eE");
	char *end;

	if (is_word(digits, letters(digits), "nan")) {
		r->p = digits + 3;
		*v = 0;
		return FP_OK;
	}
	*v = n > 0 && n <= NUMBER_MAX ? strtod(r->p, &end) : NAN;
	if (!isfinite(*v) || end != r->p + n)
		return bad(r, "a number");
	r->p = end;
	return FP_OK;
}

static void widen(struct fp_shape *s, const struct fp_vertex *v)
{
	int first = s->n_vertices == 0;

	s->xmin = first || v->x < s->xmin ? v->x : s->xmin;
	s->ymin = first || v->y < s->ymin ? v->y : s->ymin;
	s->xmax = first || v->x > s->xmax ? v->x : s->xmax;
	s->ymax = first || v->y > s->ymax ? v->y : s->ymax;
}

static enum fp_status tuple(struct reader *r, int dims)
{
	struct fp_shape *s = r->s;
	double c[4] = {NAN, NAN, NAN, NAN};
	int n = 0, most = dims == UNSAID ? 4 : 2 + !!(dims & HAS_Z) + !!(dims & HAS_M), only_m = dims == HAS_M;
	struct fp_vertex v;

	blanks(r);
	do {
		enum fp_status st = number(r, &c[n]);
		if (st != FP_OK)
			return st;
		n++;
		blanks(r);
	} while (n < most && *r->p && !strchr(",)", *r->p));
	if (n < 2)
		return bad(r, "a second coordinate");
	if (s->n_vertices == r->limit)
		return fp_fail(r->err, FP_E_FULL, "the geometry has more than %zu vertices", r->limit);
	v = (struct fp_vertex){c[0], c[1], only_m ? NAN : c[2], only_m ? c[2] : c[3]};
	s->has_z |= !only_m && n > 2;
	s->has_m |= only_m ? n > 2 : n > 3;
	widen(s, &v);
	FP_GROW(s->vertices, s->n_vertices, s->cap_vertices);
	s->vertices[s->n_vertices++] = v;
	return FP_OK;
}

static void begin_part(struct fp_shape *s, enum fp_part_kind kind, int hole)
{
	FP_GROW(s->parts, s->n_parts, s->cap_parts);
	s->parts[s->n_parts++] = (struct fp_shape_part){kind, hole, s->n_vertices, 0};
}

/* A part without vertices, as of "EMPTY" among others, is none. */
static void end_part(struct fp_shape *s)
{
	struct fp_shape_part *p = &s->parts[s->n_parts - 1];

	p->n = s->n_vertices - p->first;
	s->n_parts -= p->n == 0;
}

typedef enum fp_status one(struct reader *r, int dims);

/* EMPTY, or what EACH reads, in brackets and with commas between. */
static enum fp_status list(struct reader *r, one *each, int dims)
{
	enum fp_status st;

	if (empty(r))
		return FP_OK;
	if (!mark(r, '('))
		return bad(r, "\"(\"");
	if (++r->depth > DEPTH_MAX)
		return fp_fail(r->err, FP_E_FULL, "the geometry is nested deeper than %d", DEPTH_MAX);
	do
		st = each(r, dims);
	while (st == FP_OK && mark(r, ','));
	r->depth--;
	return st != FP_OK || mark(r, ')') ? st : bad(r, "\",\" or \")\"");
}

/* The type that is said here, or DEFAULT_ when nothing is said before the bracket; NULL: another word, or none where one is needed. */
static const struct type *said(struct reader *r, const struct type *default_, int *dims)
{
	size_t n;

	blanks(r);
	n = letters(r->p);
	return n == 0 || is_word(r->p, n, "EMPTY") ? default_ : type_word(r, dims);
}

static const struct type *type_of(enum fp_shape_class class)
{
	const struct type *t = types;

	while (t->class != class)
		t++;
	return t;
}

/* One line of the part that has begun, be it a curve made of lines: each goes on where the one before it ended. */
static enum fp_status path(struct reader *r, int dims)
{
	struct fp_shape *s = r->s;
	const struct type *t = said(r, type_of(FP_SHAPE_LINE), &dims);
	size_t at = s->n_vertices, begin = s->parts[s->n_parts - 1].first;
	enum fp_status st;

	if (!t || t->class != FP_SHAPE_LINE)
		return bad(r, "a line or a curve");
	st = list(r, t->inside == PATHS ? path : tuple, dims);
	if (st == FP_OK && at > begin && s->n_vertices > at && s->vertices[at].x == s->vertices[at - 1].x && s->vertices[at].y == s->vertices[at - 1].y) {
		s->n_vertices--;
		memmove(&s->vertices[at], &s->vertices[at + 1], (s->n_vertices - at) * sizeof *s->vertices);
	}
	return st;
}

static enum fp_status ring(struct reader *r, int dims)
{
	enum fp_status st;

	begin_part(r->s, FP_PART_RING, r->s->n_parts > r->s->nodes[r->s->n_nodes - 1].first);
	st = path(r, dims);
	end_part(r->s);
	return st;
}

static enum fp_status geometry(struct reader *r, const struct type *t, int dims);

static enum fp_status inner(struct reader *r, enum fp_shape_class class, int dims)
{
	const struct type *t = said(r, type_of(class), &dims);

	return t && t->class == class ? geometry(r, t, dims) : bad(r, "a part that fits the type");
}

/* "(1 2)", or "1 2" as older writers have it. */
static enum fp_status inner_point(struct reader *r, int dims)
{
	struct fp_shape *s = r->s;
	enum fp_status st;

	blanks(r);
	if (*r->p == '(' || isalpha((unsigned char)*r->p))
		return inner(r, FP_SHAPE_POINT, dims);
	FP_GROW(s->nodes, s->n_nodes, s->cap_nodes);
	s->nodes[s->n_nodes++] = (struct fp_shape_node){FP_SHAPE_POINT, r->depth, s->n_parts, 1};
	begin_part(s, FP_PART_POINT, 0);
	st = tuple(r, dims);
	end_part(s);
	return st;
}

static enum fp_status inner_line(struct reader *r, int dims)
{
	return inner(r, FP_SHAPE_LINE, dims);
}

static enum fp_status inner_polygon(struct reader *r, int dims)
{
	return inner(r, FP_SHAPE_POLYGON, dims);
}

static enum fp_status inner_any(struct reader *r, int dims)
{
	const struct type *t = said(r, NULL, &dims);

	return t ? geometry(r, t, dims) : bad(r, "a geometry");
}

static enum fp_status body(struct reader *r, const struct type *t, int dims)
{
	static one *const inside[] = {
		[TUPLE] = tuple, [TUPLES] = tuple, [PATHS] = path, [RINGS] = ring, [POINTS] = inner_point, [LINES] = inner_line,
		[POLYGONS] = inner_polygon, [ANY] = inner_any,
	};
	size_t before = r->s->n_vertices;
	enum fp_status st;

	if (t->class == FP_SHAPE_POINT || t->class == FP_SHAPE_LINE)
		begin_part(r->s, t->class == FP_SHAPE_POINT ? FP_PART_POINT : FP_PART_LINE, 0);
	st = list(r, inside[t->inside], dims);
	if (t->class == FP_SHAPE_POINT || t->class == FP_SHAPE_LINE)
		end_part(r->s);
	return st == FP_OK && t->inside == TUPLE && r->s->n_vertices > before + 1 ? bad(r, "the end of a single point") : st;
}

static enum fp_status geometry(struct reader *r, const struct type *t, int dims)
{
	struct fp_shape *s = r->s;
	size_t node = s->n_nodes;
	enum fp_status st;

	FP_GROW(s->nodes, s->n_nodes, s->cap_nodes);
	s->nodes[s->n_nodes++] = (struct fp_shape_node){t->class, r->depth, s->n_parts, 0};
	s->has_z |= dims != UNSAID && dims & HAS_Z;
	s->has_m |= dims != UNSAID && dims & HAS_M;
	st = body(r, t, dims);
	s->nodes[node].n = s->n_parts - s->nodes[node].first;
	return st;
}

enum fp_status fp_shape_read(struct fp_shape *s, const char *wkt, size_t limit, struct fp_error *err)
{
	struct reader r = {.s = s, .text = wkt, .p = wkt, .limit = limit, .err = err};
	int dims = UNSAID;
	const struct type *t;
	enum fp_status st;

	*s = (struct fp_shape){0};
	t = said(&r, NULL, &dims);
	st = t ? geometry(&r, t, dims) : bad(&r, "a type of geometry");
	blanks(&r);
	if (st == FP_OK && *r.p)
		st = bad(&r, "the end");
	if (st == FP_OK)
		s->type = t->word;
	else
		fp_shape_clear(s);
	return st;
}

void fp_shape_clear(struct fp_shape *s)
{
	free(s->vertices);
	free(s->parts);
	free(s->nodes);
	*s = (struct fp_shape){0};
}
