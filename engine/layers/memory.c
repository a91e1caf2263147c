/* memory (spec/layers.md 2.4): valid when it names a geometry type. The source is an URL whose path is the type, unless the query names one. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/layers/provider.h"
#include "engine/layers/url_query.h"
#include "engine/layers/wkt.h"
#include "engine/project/source.h"

/* The path, decoded, without a scheme in front. Caller frees. */
static char *path_of(const char *source)
{
	size_t n = 0;

	while (isalnum((unsigned char)source[n]) || (n > 0 && source[n] && strchr("+-.", source[n])))
		n++;
	if (n > 0 && source[n] == ':')
		source += n + 1;
	return fp_percent_decode(source, strcspn(source, "?#"));
}

/* QGIS 3.40 knows triangulations, the versions before it do not; a layer of them is not a layer for QField. */
static int is_surface(int wkb)
{
	return wkb > 0 && (wkb % 1000 == 15 || wkb % 1000 == 16);
}

/* A field called "fid" among those that "field=name:type(length,precision)" declares. */
static void find_key(struct fp_check *c, const char *source)
{
	const char *end = source + strcspn(source, "#"), *p = memchr(source, '?', (size_t)(end - source));

	while (p && ++p < end && !c->v->pk) {
		size_t n = strcspn(p, "&#");
		if (n > 6 && strncmp(p, "field=", 6) == 0) {
			char *name = fp_percent_decode(p + 6, strcspn(p + 6, ":&#"));
			if (strcasecmp(name, "fid") == 0)
				c->v->pk = fp_strdup(name);
			free(name);
		}
		p += n;
	}
}

void fp_check_memory(struct fp_check *c)
{
	const char *source = c->layer->datasource, *given;
	char *path = path_of(source);
	struct fp_query q;

	fp_url_query_parse(&q, source);
	given = fp_query_get(&q, "geometry");
	c->v->wkb_type = fp_wkb_word(given ? given : path);
	if (c->v->wkb_type != FP_WKB_UNKNOWN && !is_surface(c->v->wkb_type)) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
		fp_verdict_warn(c, "a scratch layer: its features are not stored in the project, QField will see it empty");
		find_key(c, source);
	} else {
		c->v->wkb_type = FP_WKB_UNKNOWN;
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the scratch layer names no geometry type");
		fp_verdict_cause(c, "scratch_layer_broken", FP_NOSLOTS);
	}
	fp_query_clear(&q);
	free(path);
}
