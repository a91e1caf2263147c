#include "engine/package/wkb.h"

#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 32

enum { POINT = 1, LINE, POLYGON, MULTI_POINT, COLLECTION = 7, CIRCULAR, MULTI_SURFACE = 12, SURFACE_POLYHEDRAL = 15, TIN, TRIANGLE };
#define FLAGS 0xE0000000u
#define FLAG_Z 0x80000000u
#define FLAG_M 0x40000000u
#define FLAG_SRID 0x20000000u

struct reader {
	const unsigned char *p, *end;
	int little;
	struct fp_wkb *out;
};

static int number(struct reader *r, uint32_t *out)
{
	uint32_t u;

	if (r->end - r->p < 4)
		return -1;
	memcpy(&u, r->p, 4);
	*out = r->little ? u : __builtin_bswap32(u);
	r->p += 4;
	return 0;
}

static double real(const unsigned char *p, int little)
{
	uint64_t u;
	double d;

	memcpy(&u, p, 8);
	if (!little)
		u = __builtin_bswap64(u);
	memcpy(&d, &u, 8);
	return d;
}

/* N vertices of SIZE bytes each. A nan takes no part: it compares as neither less nor more. */
static int vertices(struct reader *r, uint32_t n, size_t size)
{
	double *e = r->out->envelope;

	if ((size_t)(r->end - r->p) / size < n)
		return -1;
	for (uint32_t i = 0; i < n; i++, r->p += size) {
		double x = real(r->p, r->little), y = real(r->p + 8, r->little);
		if (x != x || y != y)
			continue;
		r->out->empty = 0;
		if (x < e[0])
			e[0] = x;
		if (x > e[1])
			e[1] = x;
		if (y < e[2])
			e[2] = y;
		if (y > e[3])
			e[3] = y;
	}
	return 0;
}

static int head(struct reader *r, unsigned *type, size_t *vertex)
{
	uint32_t t, srid;
	int z, m;

	if (r->p == r->end || *r->p > 1)
		return -1;
	r->little = *r->p++;
	if (number(r, &t) != 0)
		return -1;
	z = (t & FLAG_Z) != 0;
	m = (t & FLAG_M) != 0;
	if (t & FLAGS)
		r->out->foreign = 1;
	if (t & FLAG_SRID && number(r, &srid) != 0)
		return -1;
	t &= ~FLAGS;
	z |= t / 1000 % 2 == 1;
	m |= t / 1000 >= 2;
	if (t >= 4000)
		return -1;
	*type = t % 1000;
	*vertex = 16 + 8 * (size_t)(z + m);
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): DEPTH bounds it */
static int geometry(struct reader *r, unsigned *type, int depth)
{
	uint32_t n = 1, k;
	size_t vertex;

	if (depth > DEPTH_MAX || head(r, type, &vertex) != 0)
		return -1;
	if (*type == POINT)
		return vertices(r, 1, vertex);
	if (number(r, &n) != 0)
		return -1;
	if (*type == CIRCULAR)
		r->out->arcs = 1;
	if (*type == LINE || *type == CIRCULAR)
		return vertices(r, n, vertex);
	if (*type == POLYGON || *type == TRIANGLE) {
		for (uint32_t i = 0; i < n; i++)
			if (number(r, &k) != 0 || vertices(r, k, vertex) != 0)
				return -1;
		return 0;
	}
	if ((*type < MULTI_POINT || *type > MULTI_SURFACE) && *type != SURFACE_POLYHEDRAL && *type != TIN)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		if (geometry(r, &(unsigned){0}, depth + 1) != 0)
			return -1;
	return 0;
}

int fp_wkb_look(struct fp_wkb *out, const unsigned char *wkb, size_t n)
{
	struct reader r = {wkb, wkb + n, 1, out};

	*out = (struct fp_wkb){.empty = 1, .envelope = {__builtin_inf(), -__builtin_inf(), __builtin_inf(), -__builtin_inf()}};
	return wkb ? geometry(&r, &out->type, 0) : -1;
}
