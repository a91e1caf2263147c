#include "engine/changes/lite_blob.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/changes/gpkg_blob.h"

enum { START = 0x00, LITTLE = 0x01, MBR_END = 0x7c, PART = 0x69, END = 0xfe };
enum { HEAD = 39, COMPRESSED = 1000000, POINT = 1, LINE = 2, POLYGON = 3, COLLECTION = 7, DEPTH = 8 };

/* What is read, and what it becomes: the two forms differ in the byte before each part, and blobs may be compressed or big-endian. */
struct walk {
	const unsigned char *p, *end;
	int little;
	unsigned char mark_in, mark_out;
	struct fp_buf out;
};

static int take(struct walk *w, void *to, size_t n)
{
	unsigned char *b = to;

	if ((size_t)(w->end - w->p) < n)
		return -1;
	for (size_t i = 0; i < n; i++)
		b[i] = w->p[w->little ? i : n - 1 - i];
	w->p += n;
	return 0;
}

static int copy_count(struct walk *w, uint32_t *n)
{
	if (take(w, n, sizeof *n) != 0)
		return -1;
	fp_buf_add(&w->out, n, sizeof *n);
	return 0;
}

/* N points of D ordinates, the last of which is M when M is set. Of compressed ones only the first and the last are written in full, the others as their
 * distance from the one before; M always is. */
static int copy_points(struct walk *w, uint32_t n, int d, int m, int compressed)
{
	double at[4] = {0};
	float step;

	for (uint32_t i = 0; i < n; i++) {
		for (int k = 0; k < d; k++) {
			if (compressed && i > 0 && i < n - 1 && !(m && k == d - 1)) {
				if (take(w, &step, sizeof step) != 0)
					return -1;
				at[k] += (double)step;
			} else if (take(w, &at[k], sizeof at[k]) != 0) {
				return -1;
			}
		}
		fp_buf_add(&w->out, at, (size_t)d * sizeof *at);
	}
	return 0;
}

static int copy_body(struct walk *w, uint32_t type, int depth);

static int copy_part(struct walk *w, int depth)
{
	uint32_t type;

	if (w->p == w->end || *w->p++ != w->mark_in || take(w, &type, sizeof type) != 0)
		return -1;
	fp_buf_addc(&w->out, (char)w->mark_out);
	return copy_body(w, type, depth + 1);
}

static int copy_body(struct walk *w, uint32_t type, int depth)
{
	int compressed = type > COMPRESSED, flat, dims, d, m;
	uint32_t n = 1, points;

	type -= compressed ? COMPRESSED : 0;
	flat = (int)(type % 1000);
	dims = (int)(type / 1000);
	d = 2 + (dims & 1) + (dims >> 1 & 1);
	m = dims & 2;
	if (type >= 4000 || flat < POINT || flat > COLLECTION || depth > DEPTH)
		return -1;
	fp_buf_add(&w->out, &type, sizeof type);
	if (flat == POINT)
		return copy_points(w, 1, d, m, 0);
	if (copy_count(w, &n) != 0)
		return -1;
	if (flat == LINE)
		return copy_points(w, n, d, m, compressed);
	for (uint32_t i = 0; i < n; i++) {
		if (flat == POLYGON ? copy_count(w, &points) != 0 || copy_points(w, points, d, m, compressed) != 0 : copy_part(w, depth) != 0)
			return -1;
	}
	return 0;
}

int fp_lite_blob_head(struct fp_lite_head *out, const unsigned char *blob, size_t n)
{
	static const int order[] = {0, 2, 1, 3};
	struct walk w = {.p = blob, .end = blob + n};
	int32_t srid, type;
	double side;

	if (n < HEAD + 5 || blob[0] != START || blob[1] > LITTLE || blob[HEAD - 1] != MBR_END || blob[n - 1] != END)
		return -1;
	w.little = blob[1] == LITTLE;
	w.p += 2;
	take(&w, &srid, sizeof srid);
	for (int i = 0; i < 4; i++) {
		take(&w, &side, sizeof side);
		out->envelope[order[i]] = side;
	}
	w.p++;
	take(&w, &type, sizeof type);
	out->srid = srid;
	out->type = type % COMPRESSED;
	return 0;
}

unsigned char *fp_lite_blob_wkb(const unsigned char *blob, size_t n, size_t *wkb_len)
{
	struct fp_lite_head head;
	struct walk w = {.mark_in = PART, .mark_out = LITTLE, .out = FP_BUF_INIT};
	uint32_t type;

	if (fp_lite_blob_head(&head, blob, n) != 0)
		return NULL;
	w.p = blob + HEAD;
	w.end = blob + n - 1;
	w.little = blob[1] == LITTLE;
	fp_buf_addc(&w.out, LITTLE);
	if (take(&w, &type, sizeof type) != 0 || copy_body(&w, type, 0) != 0) {
		fp_buf_free(&w.out);
		return NULL;
	}
	*wkb_len = w.out.len;
	return (unsigned char *)fp_buf_take(&w.out);
}

unsigned char *fp_lite_blob_new(const unsigned char *wkb, size_t wkb_len, int srid, size_t *n)
{
	struct walk w = {.p = wkb + 1, .end = wkb + wkb_len, .little = 1, .mark_in = LITTLE, .mark_out = PART,
		.out = FP_BUF_INIT};
	int32_t id = srid;
	double e[4];
	uint32_t type;

	if (wkb_len < 5 || !fp_gpkg_wkb_envelope(e, wkb, wkb_len)) /* it cannot say "empty" */
		return NULL;
	fp_buf_addc(&w.out, START);
	fp_buf_addc(&w.out, LITTLE);
	fp_buf_add(&w.out, &id, sizeof id);
	fp_buf_add(&w.out, (const double[]){e[0], e[2], e[1], e[3]}, 4 * sizeof(double));
	fp_buf_addc(&w.out, MBR_END);
	if (take(&w, &type, sizeof type) != 0 || copy_body(&w, type, 0) != 0) {
		fp_buf_free(&w.out);
		return NULL;
	}
	fp_buf_addc(&w.out, (char)END);
	*n = w.out.len;
	return (unsigned char *)fp_buf_take(&w.out);
}
