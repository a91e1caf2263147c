#include "engine/package/sorter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"

#define DIGITS 256
#define WINDOW_MIN 64 /* records of a run that are read at once while merging, at least */

/* A run of the file while it is merged. */
struct run {
	uint64_t at, end;        /* records of the file that are still to be read */
	unsigned char *window;
	size_t n, i;             /* records in it; the next one */
};

struct fp_sorter {
	size_t size, capacity;
	char *scratch;
	unsigned char *buf;
	size_t n, next;          /* records in BUF; the next one to be given */
	uint64_t count;
	int fd;                  /* -1: all of it is in BUF */
	uint64_t spilled;
	struct run *runs;
	size_t n_runs, *heap, n_heap;
	int begun;               /* the top of the heap has been given */
};

static uint64_t key_of(const void *record)
{
	uint64_t k;

	memcpy(&k, record, sizeof k);
	return k;
}

void fp_sorter_new(struct fp_sorter **out, size_t size, const char *scratch, size_t run)
{
	struct fp_sorter *s = fp_alloc(sizeof *s);

	s->size = size;
	s->scratch = fp_strdup(scratch);
	s->capacity = run;
	s->fd = -1;
	*out = s;
}

static enum fp_status transfer(struct fp_sorter *s, int out, unsigned char *p, size_t n, uint64_t record, struct fp_error *err)
{
	size_t bytes = n * s->size, done = 0;

	while (done < bytes) {
		off_t at = (off_t)(record * s->size + done);
		ssize_t k = out ? pwrite(s->fd, p + done, bytes - done, at) : pread(s->fd, p + done, bytes - done, at);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return fp_fail_errno(err, k < 0 ? errno : EIO, "cannot keep the sorted parts of an index");
		done += (size_t)k;
	}
	return FP_OK;
}

static enum fp_status spill(struct fp_sorter *s, struct fp_error *err)
{
	enum fp_status st;

	if (s->fd < 0)
		s->fd = open(s->scratch, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return fp_fail_errno(err, errno, "cannot make a file in %s", s->scratch);
	st = transfer(s, 1, s->buf, s->n, s->spilled, err);
	s->spilled += s->n;
	s->n = 0;
	return st;
}

enum fp_status fp_sorter_add(struct fp_sorter *s, const void *record, struct fp_error *err)
{
	enum fp_status st = s->n == s->capacity ? spill(s, err) : FP_OK;

	if (!s->buf)
		s->buf = fp_realloc(NULL, s->capacity, s->size);
	memcpy(s->buf + s->n++ * s->size, record, s->size);
	s->count++;
	return st;
}

uint64_t fp_sorter_count(const struct fp_sorter *s)
{
	return s->count;
}

/* By one byte of the key after the other, the lowest first; bytes that all keys share cost nothing. */
static void sort_run(struct fp_sorter *s, unsigned char **spare)
{
	for (int shift = 0; shift < 64; shift += 8) {
		size_t at[DIGITS] = {0}, sum = 0;
		unsigned char *swap;

		for (size_t i = 0; i < s->n; i++)
			at[key_of(s->buf + i * s->size) >> shift & (DIGITS - 1)]++;
		if (s->n == 0 || at[key_of(s->buf) >> shift & (DIGITS - 1)] == s->n)
			continue;
		for (int d = 0; d < DIGITS; d++) {
			size_t n = at[d];
			at[d] = sum;
			sum += n;
		}
		if (!*spare)
			*spare = fp_realloc(NULL, s->capacity, s->size);
		for (size_t i = 0; i < s->n; i++) {
			const unsigned char *r = s->buf + i * s->size;
			memcpy(*spare + at[key_of(r) >> shift & (DIGITS - 1)]++ * s->size, r, s->size);
		}
		swap = s->buf;
		s->buf = *spare;
		*spare = swap;
	}
}

static void set_keys(struct fp_sorter *s, uint64_t (*key)(const void *arg, const void *record), const void *arg)
{
	for (size_t i = 0; key && i < s->n; i++) {
		uint64_t k = key(arg, s->buf + i * s->size);
		memcpy(s->buf + i * s->size, &k, sizeof k);
	}
}

/* ---- merging ---- */

static int less(const struct fp_sorter *s, size_t a, size_t b)
{
	const struct run *x = &s->runs[a], *y = &s->runs[b];

	return key_of(x->window + x->i * s->size) < key_of(y->window + y->i * s->size);
}

static void sift(struct fp_sorter *s, size_t i)
{
	for (;;) {
		size_t c = 2 * i + 1, swap;
		if (c >= s->n_heap)
			return;
		if (c + 1 < s->n_heap && less(s, s->heap[c + 1], s->heap[c]))
			c++;
		if (!less(s, s->heap[c], s->heap[i]))
			return;
		swap = s->heap[i];
		s->heap[i] = s->heap[c];
		s->heap[c] = swap;
		i = c;
	}
}

static enum fp_status fill(struct fp_sorter *s, struct run *r, size_t window, struct fp_error *err)
{
	enum fp_status st;

	r->n = r->end - r->at < window ? (size_t)(r->end - r->at) : window;
	r->i = 0;
	st = transfer(s, 0, r->window, r->n, r->at, err);
	r->at += r->n;
	return st;
}

static size_t window_of(const struct fp_sorter *s)
{
	size_t w = s->capacity / s->n_runs;

	return w < WINDOW_MIN ? WINDOW_MIN : w;
}

static enum fp_status begin_merge(struct fp_sorter *s, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	free(s->buf);
	s->buf = NULL;
	s->runs = fp_alloc(s->n_runs * sizeof *s->runs);
	s->heap = fp_alloc(s->n_runs * sizeof *s->heap);
	for (size_t i = 0; i < s->n_runs && st == FP_OK; i++) {
		struct run *r = &s->runs[i];
		r->at = i * s->capacity;
		r->end = i + 1 < s->n_runs ? r->at + s->capacity : s->spilled;
		r->window = fp_realloc(NULL, window_of(s), s->size);
		s->heap[s->n_heap++] = i;
		st = fill(s, r, window_of(s), err);
	}
	for (size_t i = s->n_heap / 2; st == FP_OK && i-- > 0;)
		sift(s, i);
	return st;
}

static enum fp_status sort_spilled(struct fp_sorter *s, uint64_t (*key)(const void *arg, const void *record), const void *arg, unsigned char **spare,
	struct fp_error *err)
{
	enum fp_status st = s->n ? spill(s, err) : FP_OK;

	s->n_runs = (size_t)((s->spilled + s->capacity - 1) / s->capacity);
	for (uint64_t at = 0; st == FP_OK && at < s->spilled; at += s->capacity) {
		s->n = s->spilled - at < s->capacity ? (size_t)(s->spilled - at) : s->capacity;
		st = transfer(s, 0, s->buf, s->n, at, err);
		if (st != FP_OK)
			break;
		set_keys(s, key, arg);
		sort_run(s, spare);
		st = transfer(s, 1, s->buf, s->n, at, err);
	}
	return st == FP_OK ? begin_merge(s, err) : st;
}

enum fp_status fp_sorter_sort(struct fp_sorter *s, uint64_t (*key)(const void *arg, const void *record), const void *arg, struct fp_error *err)
{
	unsigned char *spare = NULL;
	enum fp_status st = FP_OK;

	if (s->fd >= 0) {
		st = sort_spilled(s, key, arg, &spare, err);
	} else {
		set_keys(s, key, arg);
		sort_run(s, &spare);
	}
	free(spare);
	return st;
}

/* The record given last goes; its run's next one takes its place. */
static enum fp_status advance(struct fp_sorter *s, struct fp_error *err)
{
	struct run *r = &s->runs[s->heap[0]];
	enum fp_status st = FP_OK;

	if (++r->i == r->n && r->at < r->end)
		st = fill(s, r, window_of(s), err);
	if (st == FP_OK && r->i == r->n)
		s->heap[0] = s->heap[--s->n_heap];
	if (st == FP_OK)
		sift(s, 0);
	return st;
}

enum fp_status fp_sorter_next(struct fp_sorter *s, const void **record, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	*record = NULL;
	if (s->fd < 0) {
		if (s->next < s->n)
			*record = s->buf + s->next++ * s->size;
		return FP_OK;
	}
	if (s->begun && s->n_heap > 0)
		st = advance(s, err);
	s->begun = 1;
	if (st == FP_OK && s->n_heap > 0)
		*record = s->runs[s->heap[0]].window + s->runs[s->heap[0]].i * s->size;
	return st;
}

void fp_sorter_free(struct fp_sorter *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->runs && i < s->n_runs; i++)
		free(s->runs[i].window);
	if (s->fd >= 0)
		close(s->fd);
	free(s->runs);
	free(s->heap);
	free(s->buf);
	free(s->scratch);
	free(s);
}
