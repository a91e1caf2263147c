#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/nearest.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/layers/provider.h"
#include "engine/project/source.h"

#define DETAIL_MAX 300
#define VALUE_MAX 400  /* bytes of a name or list inside a sentence */
#define SLOTS_MAX 12
#define INSTEAD_MAX 12

void fp_verdict_ok(struct fp_check *c, enum fp_confidence confidence)
{
	c->v->status = FP_LAYER_OK;
	c->v->confidence = confidence;
}

void fp_verdict_invalid(struct fp_check *c)
{
	c->v->status = FP_LAYER_INVALID_DATAPROVIDER;
	c->v->confidence = FP_BY_CHECKED;
}

void fp_verdict_missing_provider(struct fp_check *c)
{
	c->v->status = FP_LAYER_MISSING_DATAPROVIDER;
	c->v->confidence = FP_BY_DEFINITION;
	fp_verdict_provider(c, "No data provider available");
}

/* Takes the folder of the upload off the paths in TEXT, wherever they stand. */
static void strip_root(struct fp_buf *out, const char *text, const char *root)
{
	size_t n = strlen(root);

	while (*text) {
		if (n > 1 && strncmp(text, root, n) == 0 && text[n] == '/')
			text += n + 1;
		else
			fp_buf_addc(out, *text++);
	}
}

/* TEXT as it may be shown. Caller frees. */
static char *shown(const struct fp_check *c, const char *text)
{
	struct fp_buf short_ = FP_BUF_INIT, clean = FP_BUF_INIT;
	char *open = fp_source_redact(text);

	strip_root(&short_, open, c->project->root);
	fp_text_sanitise(&clean, short_.data, short_.len);
	free(open);
	fp_buf_free(&short_);
	return fp_buf_take(&clean);
}

static char *format(const struct fp_check *c, const char *fmt, va_list ap)
{
	struct fp_buf raw = FP_BUF_INIT;
	char *text;

	fp_buf_vaddf(&raw, fmt, ap);
	text = shown(c, raw.data);
	fp_buf_free(&raw);
	return text;
}

static void put(char **where, char *text)
{
	free(*where);
	*where = text;
}

void fp_verdict_error(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(&c->v->error_summary, format(c, fmt, ap));
	va_end(ap);
}

void fp_verdict_provider(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(&c->v->provider_summary, format(c, fmt, ap));
	va_end(ap);
}

/* Cut to what a row of the store may hold of it. */
static char *short_text(char *text, size_t max)
{
	char *cut;

	if (strlen(text) <= max)
		return text;
	cut = fp_alloc(max + 1);
	fp_text_into(cut, max + 1, text);
	free(text);
	return cut;
}

void fp_verdict_detail(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;

	if (*c->v->detail)
		return;
	va_start(ap, fmt);
	put(&c->v->detail, short_text(format(c, fmt, ap), DETAIL_MAX));
	va_end(ap);
}

/* A part of cause KEY as it may be shown. Values come from outside and are long when they want to be. */
static char *said(const struct fp_check *c, const char *key, enum fp_remedy_part part, const struct fp_slot *slots, size_t n)
{
	struct fp_slot clean[SLOTS_MAX] = {{0}};
	char *text;

	fp_assert(n <= SLOTS_MAX);
	for (size_t i = 0; i < n; i++)
		clean[i] = (struct fp_slot){slots[i].name, slots[i].value ? short_text(shown(c, slots[i].value), VALUE_MAX) : NULL};
	text = fp_remedy_text(key, part, clean, n);
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)clean[i].value);
	return text;
}

void fp_verdict_cause(struct fp_check *c, const char *key, const struct fp_slot *slots, size_t n)
{
	if (c->v->cause)
		return;
	c->v->cause = key;
	c->v->owner = fp_remedy_owner(key);
	put(&c->v->sentence, said(c, key, FP_REMEDY_SENTENCE, slots, n));
	put(&c->v->remedy, said(c, key, FP_REMEDY_NEXT, slots, n));
}

void fp_verdict_not_checked(struct fp_check *c, const char *key, const struct fp_slot *slots, size_t n)
{
	c->v->status = FP_LAYER_NOT_CHECKED;
	c->v->confidence = FP_BY_NOT_CHECKED;
	fp_verdict_cause(c, key, slots, n);
	fp_verdict_detail(c, "%s", c->v->sentence);
}

void fp_verdict_warn(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fp_strv_take(&c->v->warnings, format(c, fmt, ap));
	va_end(ap);
}

void fp_verdict_instead(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = short_text(format(c, fmt, ap), VALUE_MAX);
	va_end(ap);
	if (c->v->instead.n >= INSTEAD_MAX || fp_strv_has(&c->v->instead, text))
		free(text);
	else
		fp_strv_take(&c->v->instead, text);
}

struct choice {
	const char *name;
	int distance;
	size_t at;
};

static int by_distance(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;

	return x->distance != y->distance ? x->distance - y->distance : x->at < y->at ? -1 : 1;
}

void fp_verdict_instead_of(struct fp_check *c, const char *wanted, const struct fp_strv *names)
{
	struct choice *all = fp_alloc((names->n + 1) * sizeof *all);

	for (size_t i = 0; i < names->n; i++)
		all[i] = (struct choice){names->items[i], fp_name_distance(wanted, names->items[i]), i};
	qsort(all, names->n, sizeof *all, by_distance);
	for (size_t i = 0; i < names->n && i < INSTEAD_MAX; i++)
		fp_verdict_instead(c, "%s", all[i].name);
	free(all);
}

void fp_verdict_uses(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fp_strv_take(&c->v->uses, format(c, fmt, ap));
	va_end(ap);
}

void fp_stage(struct fp_check *c, enum fp_stage stage, enum fp_mark mark, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	c->v->stages[stage].mark = mark;
	free(c->v->stages[stage].text);
	c->v->stages[stage].text = short_text(format(c, fmt, ap), DETAIL_MAX);
	va_end(ap);
}

void fp_verdict_file(struct fp_check *c, const char *path)
{
	const char *root = c->project->root;
	size_t n = strlen(root);

	if (!fp_path_below(path, root))
		n = 0;
	else
		n += path[n] == '/';
	put(&c->v->filename, fp_source_redact(path[n] ? path + n : "."));
}

void fp_verdict_clear(struct fp_verdict *v)
{
	free(v->error_summary);
	free(v->provider_summary);
	free(v->sentence);
	free(v->detail);
	free(v->remedy);
	free(v->filename);
	free(v->pk);
	fp_strv_free(&v->warnings);
	fp_strv_free(&v->instead);
	fp_strv_free(&v->uses);
	for (int s = 0; s < FP_STAGES; s++)
		free(v->stages[s].text);
	memset(v, 0, sizeof *v);
}

int fp_wkb_type(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} flat[] = {
		{"Unknown", 0}, {"Point", 1}, {"LineString", 2}, {"Polygon", 3}, {"MultiPoint", 4}, {"MultiLineString", 5}, {"MultiPolygon", 6},
		{"GeometryCollection", 7}, {"CircularString", 8}, {"CompoundCurve", 9}, {"CurvePolygon", 10}, {"MultiCurve", 11}, {"MultiSurface", 12},
		{"Triangle", 17}, {"PolyhedralSurface", 15}, {"TIN", 16},
	};
	static const struct {
		const char *tail;
		int add;
	} tails[] = {{"", 0}, {"Z", 1000}, {"M", 2000}, {"ZM", 3000}, {"25D", 1000}};

	if (strcasecmp(name, "NoGeometry") == 0 || strcasecmp(name, "None") == 0 || strcasecmp(name, "No geometry") == 0)
		return 100;
	for (size_t i = 0; i < sizeof flat / sizeof *flat; i++) {
		size_t n = strlen(flat[i].name);
		if (strncasecmp(name, flat[i].name, n) != 0)
			continue;
		for (size_t t = 0; t < sizeof tails / sizeof *tails; t++)
			if (strcasecmp(name + n, tails[t].tail) == 0)
				return flat[i].number + tails[t].add;
	}
	return -1;
}
