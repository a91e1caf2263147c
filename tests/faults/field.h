/* Field data under fire: projects whose data keeps a trail of every write, and surveyors who create, patch and delete in them, take back, force and push
 * twice. Triggers of the data make the trail, in the very transaction of the write, so that what was done twice or never shows. */
#ifndef FP_TESTS_FAULTS_FIELD_H
#define FP_TESTS_FAULTS_FIELD_H

#include "tests/engine_home.h"

#define PLOTS_MAX 4

enum field_kind {
	FIELD_FAKE,      /* the fake worker and its data.txt: creates only */
	FIELD_FILES,     /* the real worker and a GeoPackage */
	FIELD_DATABASE   /* the same, and a PostGIS layer in the same project: postgres_start() was called and made "gis" */
};

/* A feature that a device made, as its surveyor believes it to be. */
struct feature {
	int pk, gone, settled;    /* SETTLED: somebody decided about it; it is left alone from then on */
	const char *layer;
	char note[16], last[16];  /* its note; the change that came last */
};

struct plot {
	char project[37];
	int number;               /* from 1 on */
	struct feature *features;
	size_t n, cap;
	int pushed;               /* changes that the store took over, undos not among them */
	char *last;               /* the deltafile that came last */
};

struct field {
	struct home h;
	enum field_kind kind;
	struct plot plots[PLOTS_MAX];
	int n;
	unsigned state;           /* of the dice */
	char database[24];        /* of its own */
	int uuids;
};

/* N projects, processed and ready for changes. */
void field_open(struct field *f, enum field_kind kind, int n, unsigned seed);
void field_close(struct field *f);

int field_dice(struct field *f, int sides);

/* A few changes to one project, as one deltafile, and sometimes the last one once more. */
void field_push(struct field *f, struct plot *p);
/* A person plans something: what waits, an undo, or a forced change. Nothing happens when others were quicker. */
void field_plan(struct field *f, struct plot *p);

/* The path of the project's data as it is now; static. */
const char *field_data(struct field *f, const struct plot *p);

#endif
