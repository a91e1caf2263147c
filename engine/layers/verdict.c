#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/layers/provider.h"
#include "engine/project/source.h"

#define DETAIL_MAX 300

static const char *const status_words[] = {"ok", "invalid_dataprovider", "invalid_layer", "localized_dataprovider", "missing_dataprovider",
	"not_checked"};
static const char *const confidence_words[] = {"checked", "header-only", "existence-only", "by-definition", "not-checked"};

const char *fp_layer_status_word(enum fp_layer_status s)
{
	return status_words[s];
}

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

static char *format(const struct fp_check *c, const char *fmt, va_list ap)
{
	struct fp_buf raw = FP_BUF_INIT, short_ = FP_BUF_INIT, clean = FP_BUF_INIT;
	char *open;

	fp_buf_vaddf(&raw, fmt, ap);
	open = fp_source_redact(raw.data);
	strip_root(&short_, open, c->project->root);
	fp_text_sanitise(&clean, short_.data, short_.len);
	free(open);
	fp_buf_free(&raw);
	fp_buf_free(&short_);
	return fp_buf_take(&clean);
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

static void put_detail(struct fp_check *c, const char *fmt, va_list ap)
{
	char *text = format(c, fmt, ap), cut[DETAIL_MAX + 1];

	fp_text_into(cut, sizeof cut, text);
	put(&c->v->detail, fp_strdup(cut));
	free(text);
}

void fp_verdict_detail(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;

	if (*c->v->detail)
		return;
	va_start(ap, fmt);
	put_detail(c, fmt, ap);
	va_end(ap);
}

void fp_verdict_not_checked(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;

	c->v->status = FP_LAYER_NOT_CHECKED;
	c->v->confidence = FP_BY_NOT_CHECKED;
	va_start(ap, fmt);
	put_detail(c, fmt, ap);
	va_end(ap);
}

void fp_verdict_remedy(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;

	if (*c->v->remedy)
		return;
	va_start(ap, fmt);
	put(&c->v->remedy, format(c, fmt, ap));
	va_end(ap);
}

void fp_verdict_warn(struct fp_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fp_strv_take(&c->v->warnings, format(c, fmt, ap));
	va_end(ap);
}

void fp_verdict_file(struct fp_check *c, const char *path)
{
	const char *root = c->project->root;

	if (!fp_path_below(path, root) || strlen(path) <= strlen(root) + 1)
		return;
	free(c->v->filename);
	c->v->filename = fp_strdup(path + strlen(root) + 1);
}

void fp_verdict_clear(struct fp_verdict *v)
{
	free(v->error_summary);
	free(v->provider_summary);
	free(v->detail);
	free(v->remedy);
	free(v->filename);
	free(v->pk);
	fp_strv_free(&v->warnings);
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
		{"Triangle", 17}, {"Line", 2}, {"MultiLine", 5}, {"PolyhedralSurface", 15}, {"TIN", 16},
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

static json_t *text_or_null(const char *text)
{
	return text && *text ? fp_json_text(text) : json_null();
}

static json_t *json_of_warnings(const struct fp_strv *warnings)
{
	json_t *a = json_array();

	for (size_t i = 0; i < warnings->n; i++)
		json_array_append_new(a, fp_json_text(warnings->items[i]));
	return a;
}

json_t *fp_verdict_json(const struct fp_verdict *v, const struct fp_layer_def *layer)
{
	char *source = fp_source_redact(layer->datasource), *clean = fp_text_clean(source);
	json_t *valid = v->status == FP_LAYER_OK ? json_true() : v->status == FP_LAYER_NOT_CHECKED ? json_null() : json_false();
	json_t *o = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", fp_json_text(layer->id), "name", fp_json_text(layer->name),
		"type", fp_json_text(layer->type), "provider", fp_json_text(layer->provider ? layer->provider : ""), "crs", fp_json_text(layer->crs),
		"wkb_type", v->wkb_type < 0 ? json_null() : json_integer(v->wkb_type), "pk", text_or_null(v->pk),
		"filename", text_or_null(v->filename), "datasource", fp_json_text(clean));

	fp_assert(o);
	json_object_set_new(o, "is_valid", valid);
	json_object_set_new(o, "status", json_string(fp_layer_status_word(v->status)));
	json_object_set_new(o, "error_summary", fp_json_text(v->error_summary));
	json_object_set_new(o, "provider_summary", fp_json_text(v->provider_summary));
	json_object_set_new(o, "confidence", json_string(confidence_words[v->confidence]));
	json_object_set_new(o, "detail", fp_json_text(v->detail));
	json_object_set_new(o, "remedy", fp_json_text(v->remedy));
	json_object_set_new(o, "warnings", json_of_warnings(&v->warnings));
	free(source);
	free(clean);
	return o;
}
