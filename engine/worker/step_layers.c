/* Check project layers: a verdict for each layer, and the table that people know from the reference's log (spec/jobs.md). */
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/layers/check.h"
#include "engine/layers/gdal_gate.h"
#include "engine/worker/job.h"

/* Cells are clean, of one line, and no wider than their column may get. */
enum { COLUMNS = 6, LINES_PER_EVENT = 100 };
static const struct {
	const char *title;
	int widest;
} columns[COLUMNS] = {{"Layer Name", 40}, {"Layer Id", 9}, {"Is Valid", 8}, {"Status", 24}, {"Error Summary", 80}, {"Provider Summary", 80}};

struct row {
	char *cells[COLUMNS];
};

static char *cell(int column, const char *text)
{
	char *clean = fp_text_clean(text), *cut;
	size_t n;

	if (fp_text_width(clean) <= columns[column].widest)
		return clean;
	n = fp_text_fit(clean, columns[column].widest - 3, NULL);
	cut = fp_asprintf("%.*s...", (int)n, clean);
	free(clean);
	return cut;
}

static void fill_row(struct row *r, const struct fp_layer_def *l, const struct fp_verdict *v)
{
	size_t n = strlen(l->id), tail = n > 6 ? n - 6 : 0;
	char *id;

	while (tail < n && ((unsigned char)l->id[tail] & 0xC0) == 0x80)
		tail++;
	id = fp_asprintf("...%s", l->id + tail);
	r->cells[0] = cell(0, l->name);
	r->cells[1] = cell(1, id);
	r->cells[2] = fp_strdup(v->status == FP_LAYER_OK ? "True" : v->status == FP_LAYER_NOT_CHECKED ? "?" : "False");
	r->cells[3] = fp_strdup(fp_layer_status_word(v->status));
	r->cells[4] = cell(4, v->error_summary);
	r->cells[5] = cell(5, v->provider_summary);
	free(id);
}

static void add_line(struct fp_buf *b, char *const cells[COLUMNS], const int widths[COLUMNS])
{
	for (int c = 0; c < COLUMNS; c++)
		fp_buf_addf(b, "%s%s%*s", c ? "  " : "", cells[c], c < COLUMNS - 1 ? widths[c] - fp_text_width(cells[c]) : 0, "");
	while (b->len > 0 && b->data[b->len - 1] == ' ')
		b->data[--b->len] = '\0';
	fp_buf_addc(b, '\n');
}

static void log_block(struct fp_job *job, struct fp_buf *b)
{
	if (b->len == 0)
		return;
	b->data[--b->len] = '\0'; /* the last newline: the event ends the line */
	fp_job_log(job, "info", "%s", b->data);
	fp_buf_clear(b);
}

static void log_table(struct fp_job *job, const struct row *rows, size_t n)
{
	struct fp_buf b = FP_BUF_INIT;
	char *titles[COLUMNS], *rules[COLUMNS];
	int widths[COLUMNS];

	for (int c = 0; c < COLUMNS; c++) {
		titles[c] = fp_strdup(columns[c].title);
		widths[c] = fp_text_width(titles[c]);
		for (size_t i = 0; i < n; i++)
			if (fp_text_width(rows[i].cells[c]) > widths[c])
				widths[c] = fp_text_width(rows[i].cells[c]);
		rules[c] = fp_alloc((size_t)widths[c] + 1);
		memset(rules[c], '-', (size_t)widths[c]);
	}
	add_line(&b, titles, widths);
	add_line(&b, rules, widths);
	for (size_t i = 0; i < n; i++) {
		add_line(&b, rows[i].cells, widths);
		if (i % LINES_PER_EVENT == LINES_PER_EVENT - 1)
			log_block(job, &b);
	}
	log_block(job, &b);
	for (int c = 0; c < COLUMNS; c++) {
		free(titles[c]);
		free(rules[c]);
	}
	fp_buf_free(&b);
}

/* What the table has no room for: the cause and what to do about it. */
static void log_explanation(struct fp_job *job, const struct fp_layer_def *l, const struct fp_verdict *v)
{
	const char *level = v->status == FP_LAYER_OK || v->status == FP_LAYER_NOT_CHECKED ? "warning" : "error";

	if (*v->detail || *v->remedy)
		fp_job_log(job, level, "%s: %s%s%s", l->name, v->detail, *v->detail && *v->remedy ? " -- " : "", v->remedy);
	for (size_t i = 0; i < v->warnings.n; i++)
		fp_job_log(job, "warning", "%s: %s", l->name, v->warnings.items[i]);
}

enum fp_status fp_step_check_layers(struct fp_job *job, struct fp_error *err)
{
	const struct fp_project *p = job->project;
	struct fp_verdict *verdicts;
	struct row *rows;

	if (!p)
		return fp_fail(err, FP_E_INTERNAL, "the workflow opens no project before this step");
	fp_gdal_init(*job->scratch ? job->scratch : NULL);
	verdicts = fp_alloc((p->n_layers + 1) * sizeof *verdicts);
	rows = fp_alloc((p->n_layers + 1) * sizeof *rows);
	for (size_t i = 0; i < p->n_layers; i++) {
		fp_job_progress(job, (int64_t)i, (int64_t)p->n_layers);
		fp_layer_check(&verdicts[i], p, &p->layers[i]);
		fill_row(&rows[i], &p->layers[i], &verdicts[i]);
		fp_job_emit(job, "layer", fp_verdict_json(&verdicts[i], &p->layers[i]));
	}
	fp_job_progress(job, (int64_t)p->n_layers, (int64_t)p->n_layers);
	log_table(job, rows, p->n_layers);
	for (size_t i = 0; i < p->n_layers; i++) {
		log_explanation(job, &p->layers[i], &verdicts[i]);
		fp_verdict_clear(&verdicts[i]);
		for (int c = 0; c < COLUMNS; c++)
			free(rows[i].cells[c]);
	}
	free(verdicts);
	free(rows);
	return FP_OK;
}
