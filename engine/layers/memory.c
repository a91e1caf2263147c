/* memory (spec/layers.md 2.4): valid when it names a geometry type. */
#include <stdlib.h>
#include <string.h>

#include "engine/layers/provider.h"
#include "engine/project/source.h"

void fp_check_memory(struct fp_check *c)
{
	const char *source = c->layer->datasource;
	size_t n = strcspn(source, "?&");
	char *word = fp_strndup(source, n);
	const char *given = NULL;
	struct fp_query q;

	fp_query_parse(&q, source[n] ? source + n + 1 : "");
	given = fp_query_get(&q, "geometry");
	c->v->wkb_type = fp_wkb_type(given ? given : word);
	if (c->v->wkb_type >= 0) {
		fp_verdict_ok(c, FP_BY_DEFINITION);
		fp_verdict_warn(c, "a scratch layer: its features are not stored in the project, QField will see it empty");
	} else {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the scratch layer names no geometry type");
		fp_verdict_cause(c, "scratch_layer_broken", FP_NOSLOTS);
	}
	fp_query_clear(&q);
	free(word);
}
