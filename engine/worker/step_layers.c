/* Check project layers: a verdict for each layer, and the table that people know from the reference's log (spec/jobs.md). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/layers/gdal_gate.h"
#include "engine/worker/check_child.h"
#include "engine/worker/job.h"

/* Cells are clean, of one line, and no wider than their column may get. */
enum { COLUMNS = 6, LINES_PER_EVENT = 100, LOG_BYTES = 16000 };
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

static void fill_row(struct row *r, const json_t *verdict)
{
	const char *full = fp_json_str_or(verdict, "id", ""), *status = fp_json_str_or(verdict, "status", "");
	const json_t *valid = json_object_get(verdict, "is_valid");
	size_t n = strlen(full), tail = n > 6 ? n - 6 : 0;
	char *id;

	while (tail < n && ((unsigned char)full[tail] & 0xC0) == 0x80)
		tail++;
	id = fp_asprintf("...%s", full + tail);
	r->cells[0] = cell(0, fp_json_str_or(verdict, "name", ""));
	r->cells[1] = cell(1, id);
	r->cells[2] = fp_strdup(json_is_true(valid) ? "True" : json_is_false(valid) ? "False" : "?");
	r->cells[3] = fp_strdup(status);
	r->cells[4] = cell(4, fp_json_str_or(verdict, "error_summary", ""));
	r->cells[5] = cell(5, fp_json_str_or(verdict, "provider_summary", ""));
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

/* What the table has no room for: what is wrong and what to do about it; behind the table, so it waits. */
static void explain(struct fp_buf *errors, struct fp_buf *warnings, const json_t *v)
{
	const char *name = fp_json_str_or(v, "name", ""), *said = fp_json_str_or(v, "sentence", ""), *remedy = fp_json_str_or(v, "remedy", "");
	const json_t *warning;
	size_t i;

	if (*said || *remedy)
		fp_buf_addf(json_is_false(json_object_get(v, "is_valid")) ? errors : warnings, "%s: %s%s%s\n", name, said, *said && *remedy ? " -- " : "", remedy);
	json_array_foreach(json_object_get(v, "warnings"), i, warning)
		fp_buf_addf(warnings, "%s: %s\n", name, json_string_value(warning));
}

struct table {
	struct fp_job *job;
	struct row *rows;
	size_t n, total;
	struct fp_buf errors, warnings;
};

static void take(void *arg, const struct fp_layer_def *layer, const json_t *verdict)
{
	struct table *t = arg;

	(void)layer;
	fill_row(&t->rows[t->n++], verdict);
	explain(&t->errors, &t->warnings, verdict);
	fp_job_emit(t->job, "layer", json_incref((json_t *)(uintptr_t)verdict));
	if (t->job->verdicts)
		json_array_append(t->job->verdicts, (json_t *)(uintptr_t)verdict);
	fp_job_progress(t->job, (int64_t)t->n, (int64_t)t->total);
}

/* As many lines an event as the protocol allows. */
static void log_lines(struct fp_job *job, const char *level, const char *text)
{
	while (*text) {
		size_t n = 0;
		do
			n += strcspn(text + n, "\n") + 1;
		while (text[n] && n < LOG_BYTES);
		fp_job_log(job, level, "%.*s", (int)n - 1, text);
		text += n;
	}
}

/* Where servers are asked there must be time for them to be silent. */
static int64_t layer_ms(const struct fp_job *job)
{
	int64_t s = fp_json_int(json_object_get(job->description, "limits"), "layer_s", 20);

	return (job->prober ? s + 40 : s) * 1000;
}

enum fp_status fp_step_check_layers(struct fp_job *job, struct fp_error *err)
{
	const struct fp_project *p = job->project;
	struct table t = {.job = job, .errors = FP_BUF_INIT, .warnings = FP_BUF_INIT};
	enum fp_status st;

	if (!p)
		return fp_fail(err, FP_E_INTERNAL, "the workflow opens no project before this step");
	if (strcmp(job->type, "package") == 0)
		job->verdicts = json_array();
	fp_gdal_init(*job->scratch ? job->scratch : NULL);
	t.rows = fp_alloc((p->n_layers + 1) * sizeof *t.rows);
	t.total = p->n_layers;
	fp_job_progress(job, 0, (int64_t)p->n_layers);
	st = fp_check_in_children(&(struct fp_check_run){p, job->prober, &job->variables, layer_ms(job), take, &t}, err);
	if (st == FP_OK) {
		log_table(job, t.rows, t.n);
		log_lines(job, "error", t.errors.data);
		log_lines(job, "warning", t.warnings.data);
	}
	for (size_t i = 0; i < t.n; i++)
		for (int c = 0; c < COLUMNS; c++)
			free(t.rows[i].cells[c]);
	free(t.rows);
	fp_buf_free(&t.errors);
	fp_buf_free(&t.warnings);
	return st;
}
