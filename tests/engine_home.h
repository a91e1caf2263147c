/* A home with one project and a fake worker, for the suites that run the engine. */
#ifndef FP_TESTS_ENGINE_HOME_H
#define FP_TESTS_ENGINE_HOME_H

#include "engine/base/config.h"
#include "engine/queue/queue.h"
#include "engine/store/db.h"

struct home {
	char folder[32], *path;     /* the home is folder/home */
	struct fp_store *s;
	struct fp_config conf;
	struct fp_trigger t;
	char project[37];
	const char *layer;          /* where home_push() puts features: "l" */
};

/* Makes it, with a project "Bees" that holds p.qgs; no job is left over. Workers are tests/fake/fieldpost-worker. */
void home_open(struct home *h);
/* The same without a file. */
void home_open_empty(struct home *h);
/* The same with the sample project, processed by the real worker. */
void home_open_sample(struct home *h);
void home_close(struct home *h);

/* Stores a project file, without a job. */
void home_put(struct home *h, const char *name, const char *text);
/* What the fake worker does in jobs of that type. */
void home_script(struct home *h, enum fp_job_type type, const char *script);
/* A process_projectfile that succeeds, so that changes may be applied. */
void home_process(struct home *h);
/* Pushes creates u<FROM> to u<TO>, whose attribute note holds the same; the trigger's answer is in h->t. */
void home_push(struct home *h, int from, int to);
/* Runs an engine in this process until nothing is left to do. */
void home_run(struct home *h);
/* The same in a child; returns its pid. */
int home_engine(struct home *h);

/* One number or text by SQL. Texts are borrowed until the next call. */
int64_t home_number(struct home *h, const char *sql);
const char *home_text(struct home *h, const char *sql);
/* The current bytes of a file, "" when there is none. Borrowed until the next call. */
const char *home_file(struct home *h, const char *name);

/* What the environment asks of a campaign by NAME (FIELDPOST_KILLS, ...); FALLBACK when it says nothing. */
int home_asked(const char *name, int fallback);

#endif
