/* A small project in a temporary folder and an apply session over it. Deltas are written with single quotes for double ones. */
#ifndef FP_TESTS_APPLY_FIXTURE_H
#define FP_TESTS_APPLY_FIXTURE_H

#include <gdal.h>
#include <jansson.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/changes/apply.h"

struct fixture {
	char *dir, *in, *out;
	struct fp_project project;
	struct fp_apply_options options;
	struct fp_apply *session; /* NULL until the first delta */
	json_t *results;          /* of every delta since the last finish */
	struct fp_strv files;     /* announced by the last finish */
	int n;
};

void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

struct fp_layer_def *fixture_layer(struct fixture *f, const char *id, const char *type, const char *provider, const char *source);

/* data.gpkg: layer "points" (Point; txt, i32, dbl, bl, dt, ts) with features 1..3 at (1 1) (2 2) (3 3), txt a b c, i32 10 20 30; project layer
 * "points". Made by GDAL, with a spatial index. */
void fixture_points(struct fixture *f);

/* Runs SQL on in/data.gpkg. */
void fixture_sql(struct fixture *f, const char *sql);
/* The first column of the first row of SQL on FILE of the output, as text; "" for NULL or none. Caller frees. */
char *fixture_query(struct fixture *f, const char *file, const char *sql);
void fixture_expect(struct fixture *f, const char *sql, const char *want); /* on data.gpkg */

/* Writes a text file into the input folder. */
void fixture_write(struct fixture *f, const char *name, const char *text);
/* A file of the output as text; caller frees. NULL when it is not there. */
char *fixture_read(struct fixture *f, const char *name);

/* Applies one delta and returns its result (borrowed until finish). OLD and NEW may be NULL: absent. */
const json_t *delta(struct fixture *f, const char *method, const char *layer, const char *pk, const char *old, const char *new);
/* The same for a whole line {'delta':...}. */
const json_t *line(struct fixture *f, const char *text);

/* Ends the session; the status of the finish. */
enum fp_status finish(struct fixture *f);
/* What was put out becomes the input of the next session. */
void advance(struct fixture *f);

/* The status of RESULT is STATUS and its message holds MESSAGE. */
void is(const json_t *result, const char *status, const char *message);

/* The files of the output folder, sorted, with blanks between. Caller frees. */
char *fixture_list(struct fixture *f);

#endif
