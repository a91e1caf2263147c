#include "engine/worker/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/text.h"

/* The socket is the worker's whole world: when nobody listens there is nothing left to do. */
static void send_line(const char *line, size_t n)
{
	while (n > 0) {
		ssize_t k = write(FP_WORKER_FD, line, n);
		if (k < 0) {
			if (errno == EINTR)
				continue;
			_exit(1);
		}
		line += k;
		n -= (size_t)k;
	}
}

static void send_event(json_t *event)
{
	char *text = fp_json_dump(event);
	size_t n = strlen(text);

	json_decref(event);
	fp_assert(n < FP_EVENT_MAX);
	text[n] = '\n'; /* jansson's text is a string we own: the terminator makes room */
	send_line(text, n + 1);
	free(text);
}

void fp_job_emit(struct fp_job *job, const char *kind, json_t *body)
{
	(void)job;
	send_event(json_pack("{s:s,s:o}", "event", kind, kind, body));
}

enum fp_status fp_job_await_commit(struct fp_job *job, struct fp_error *err)
{
	static const char wanted[] = FP_COMMIT "\n";
	char got[sizeof wanted] = "";
	size_t n = 0;

	(void)job;
	while (n < sizeof wanted - 1) {
		ssize_t k = read(FP_WORKER_FD, got + n, sizeof wanted - 1 - n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		n += (size_t)k;
	}
	return strcmp(got, wanted) == 0 ? FP_OK : fp_fail(err, FP_E_CANCELLED, "nobody let the changes be committed in the database");
}

void fp_job_log(struct fp_job *job, const char *level, const char *fmt, ...)
{
	struct fp_buf raw = FP_BUF_INIT, clean = FP_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fp_buf_vaddf(&raw, fmt, ap);
	va_end(ap);
	fp_text_sanitise_lines(&clean, raw.data, raw.len < FP_EVENT_MAX / 8 ? raw.len : FP_EVENT_MAX / 8);
	fp_job_emit(job, "log", json_pack("{s:s,s:s}", "level", level, "text", clean.data));
	fp_buf_free(&raw);
	fp_buf_free(&clean);
}

void fp_job_progress(struct fp_job *job, int64_t done, int64_t total)
{
	fp_job_emit(job, "progress", json_pack("{s:I,s:I}", "done", (json_int_t)done, "total", (json_int_t)total));
}
