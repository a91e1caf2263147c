/* Tiled scenes (spec/layers.md 2.19): a local file by its existence, a service by one answer. */
#include <stdlib.h>
#include <string.h>

#include "engine/layers/diagnose.h"
#include "engine/layers/network.h"
#include "engine/project/source.h"

static void check_file(struct fp_check *c, const char *url)
{
	const char *written = strncmp(url, "file:", 5) == 0 ? url + 5 : url;
	char *path = fp_source_resolve(c->layer->home, written), *real = fp_layer_file(c, written, path);

	if (real)
		fp_verdict_ok(c, FP_BY_EXISTENCE);
	free(path);
	free(real);
}

void fp_check_tiled_scene(struct fp_check *c)
{
	struct fp_query q;
	struct fp_uri u;
	struct fp_web w;
	const char *url;

	fp_query_parse(&q, c->layer->datasource);
	fp_uri_parse(&u, c->layer->datasource);
	url = *fp_uri_get(&u, "url") ? fp_uri_get(&u, "url") : fp_query_get(&q, "url");
	if (!url || !*url) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the source has no address");
		fp_verdict_cause(c, "source_empty", FP_NOSLOTS);
	} else if (strncmp(url, "http", 4) != 0) {
		check_file(c, url);
	} else if (fp_web_fetch(c, &w, url, &q)) {
		fp_verdict_ok(c, FP_BY_EXISTENCE);
		fp_web_clear(&w);
	}
	fp_query_clear(&q);
	fp_uri_clear(&u);
}
