/* Shapes as GeoJSON: RFC 7946. */
#include <math.h>

#include "engine/base/text.h"
#include "engine/changes/shape.h"

static const char *const words[] = {
	[FP_SHAPE_POINT] = "Point", [FP_SHAPE_LINE] = "LineString", [FP_SHAPE_POLYGON] = "Polygon", [FP_SHAPE_MULTI_POINT] = "MultiPoint",
	[FP_SHAPE_MULTI_LINE] = "MultiLineString", [FP_SHAPE_MULTI_POLYGON] = "MultiPolygon", [FP_SHAPE_COLLECTION] = "GeometryCollection",
};

static void position(struct fp_buf *b, const struct fp_vertex *v)
{
	char x[FP_REAL_SIZE], y[FP_REAL_SIZE], z[FP_REAL_SIZE];

	fp_buf_addf(b, "[%s,%s", fp_text_real(x, v->x), fp_text_real(y, v->y));
	if (!isnan(v->z))
		fp_buf_addf(b, ",%s", fp_text_real(z, v->z));
	fp_buf_addc(b, ']');
}

static void positions(struct fp_buf *b, const struct fp_shape *s, const struct fp_shape_part *p)
{
	for (size_t i = 0; i < p->n; i++) {
		fp_buf_adds(b, i ? "," : "[");
		position(b, &s->vertices[p->first + i]);
	}
	fp_buf_addc(b, ']');
}

/* Of a point, a line or a polygon; what has no part is an empty array. */
static void simple(struct fp_buf *b, const struct fp_shape *s, const struct fp_shape_node *n)
{
	if (n->class == FP_SHAPE_POINT && n->n) {
		position(b, &s->vertices[s->parts[n->first].first]);
	} else if (n->class == FP_SHAPE_LINE && n->n) {
		positions(b, s, &s->parts[n->first]);
	} else {
		fp_buf_addc(b, '[');
		for (size_t i = 0; i < n->n; i++) {
			fp_buf_adds(b, i ? "," : "");
			positions(b, s, &s->parts[n->first + i]);
		}
		fp_buf_addc(b, ']');
	}
}

/* Node I; returns the one after it and all inside it. */
static size_t write_node(struct fp_buf *b, const struct fp_shape *s, size_t i)
{
	const struct fp_shape_node *n = &s->nodes[i++];
	const char *sep = "";

	fp_buf_addf(b, "{\"type\":\"%s\",\"%s\":", words[n->class], n->class == FP_SHAPE_COLLECTION ? "geometries" : "coordinates");
	if (n->class < FP_SHAPE_MULTI_POINT) {
		simple(b, s, n);
		fp_buf_addc(b, '}');
		return i;
	}
	fp_buf_addc(b, '[');
	while (i < s->n_nodes && s->nodes[i].depth > n->depth) {
		int left_out = n->class != FP_SHAPE_COLLECTION && s->nodes[i].n == 0; /* an empty part of a whole says nothing */
		if (!left_out)
			fp_buf_adds(b, sep);
		if (n->class == FP_SHAPE_COLLECTION)
			i = write_node(b, s, i);
		else if (left_out)
			i++;
		else
			simple(b, s, &s->nodes[i++]);
		if (!left_out)
			sep = ",";
	}
	fp_buf_adds(b, "]}");
	return i;
}

void fp_shape_geojson(struct fp_buf *b, const struct fp_shape *s)
{
	write_node(b, s, 0);
}
