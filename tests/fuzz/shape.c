#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/changes/shape.h"
#include "tests/fuzz/fuzz.h"

#define LIMIT 500

/* Parts lie one behind the other and fill the vertices; nodes begin with the whole and hold the parts of what is in them. */
static void parts_hold(const struct fp_shape *s)
{
	size_t at = 0;

	fp_assert(s->n_vertices <= LIMIT);
	for (size_t i = 0; i < s->n_parts; i++) {
		const struct fp_shape_part *p = &s->parts[i];
		fp_assert(p->first == at && p->n > 0);
		fp_assert(p->kind != FP_PART_POINT || p->n == 1);
		fp_assert(!p->hole || p->kind == FP_PART_RING);
		at += p->n;
	}
	fp_assert(at == s->n_vertices);
	fp_assert(s->nodes[0].depth == 0 && s->nodes[0].first == 0 && s->nodes[0].n == s->n_parts);
	for (size_t i = 1; i < s->n_nodes; i++) {
		fp_assert(s->nodes[i].depth > 0 && s->nodes[i].depth <= s->nodes[i - 1].depth + 1);
		fp_assert(s->nodes[i].first + s->nodes[i].n <= s->n_parts);
	}
}

static void box_holds(const struct fp_shape *s)
{
	for (size_t i = 0; i < s->n_vertices; i++) {
		const struct fp_vertex *v = &s->vertices[i];
		fp_assert(isfinite(v->x) && isfinite(v->y));
		fp_assert(v->x >= s->xmin && v->x <= s->xmax && v->y >= s->ymin && v->y <= s->ymax);
		fp_assert(s->has_z || isnan(v->z));
		fp_assert(s->has_m || isnan(v->m));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct fp_buf b = FP_BUF_INIT;
	struct fp_error err = {0};
	struct fp_shape s;
	json_t *v;
	enum fp_status st = fp_shape_read(&s, text, LIMIT, &err);

	fuzz_error_holds(st, &err);
	if (st == FP_OK) {
		parts_hold(&s);
		box_holds(&s);
		fp_shape_geojson(&b, &s);
		fp_assert(fp_json_parse(&v, b.data, b.len, &err) == FP_OK);
		json_decref(v);
		fp_shape_clear(&s);
	}
	fp_buf_free(&b);
	free(text);
	return 0;
}
