/* What WKB says of itself without being made a geometry: its type and how far it reaches. ISO WKB and the older forms with flag bits, in either byte order. */
#ifndef FP_PACKAGE_WKB_H
#define FP_PACKAGE_WKB_H

#include <stddef.h>

struct fp_wkb {
	unsigned type;       /* without Z and M: 1 point, 2 line string ... 17 triangle */
	int empty;           /* it has no vertex with an x and a y */
	double envelope[4];  /* min x, max x, min y, max y of its vertices */
	int arcs;            /* it has arcs, which may reach further than their vertices */
	int foreign;         /* it has flag bits: readers of ISO WKB do not take it */
};

/* 0, or -1 when it is no WKB: cut short, of an unknown type, too deep. */
int fp_wkb_look(struct fp_wkb *out, const unsigned char *wkb, size_t n);

#endif
