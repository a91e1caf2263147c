/* wcs (spec/layers.md 2.14): whether the service describes the coverage. */
#include <stdlib.h>
#include <string.h>

#include "engine/layers/network.h"
#include "engine/project/source.h"

static void not_described(struct fp_check *c)
{
	if (c->v->status != FP_LAYER_INVALID_DATAPROVIDER)
		return;
	fp_verdict_error(c, "Cannot describe coverage");
	fp_verdict_provider(c, "Cannot describe coverage");
}

static void check_description(struct fp_check *c, const struct fp_web *w)
{
	xmlDoc *doc = fp_web_xml(c, w);
	const char *root = doc ? (const char *)xmlDocGetRootElement(doc)->name : "";

	if (strncmp(root, "CoverageDescription", 19) == 0) { /* 1.0: <CoverageDescription>, later: <CoverageDescriptions> */
		fp_verdict_ok(c, FP_BY_EXISTENCE);
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "described");
	} else if (doc) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "no description of the coverage but <%s>", root);
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", c->v->detail}));
	}
	xmlFreeDoc(doc);
}

void fp_check_wcs(struct fp_check *c)
{
	struct fp_query q;
	const char *url, *id;
	struct fp_web w;
	char *wanted, *full;

	fp_query_parse(&q, c->layer->datasource);
	url = fp_query_get(&q, "url") ? fp_query_get(&q, "url") : "";
	id = fp_query_get(&q, "identifier") ? fp_query_get(&q, "identifier") : "";
	wanted = fp_asprintf("SERVICE=WCS&REQUEST=DescribeCoverage&VERSION=1.1.0&IDENTIFIERS=%s&COVERAGE=%s", id, id);
	full = fp_web_with(url, wanted);
	if (!*url) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the source has no address");
		fp_verdict_cause(c, "source_empty", FP_NOSLOTS);
	} else if (fp_web_fetch(c, &w, full, &q)) {
		check_description(c, &w);
		fp_web_clear(&w);
	}
	not_described(c);
	free(wanted);
	free(full);
	fp_query_clear(&q);
}
