/* wcs (spec/layers.md 2.14): whether the service offers the coverage and describes it. */
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
		char *what = fp_asprintf("no description of the coverage but <%s>", root);
		fp_web_not_expected(c, what);
		free(what);
	}
	xmlFreeDoc(doc);
}

/* Names of coverages below NODE: <name> in 1.0, <Identifier> later. */
static void collect(struct fp_strv *to, const xmlNode *node)
{
	static const char *const elements[][2] = {{"CoverageOfferingBrief", "name"}, {"CoverageSummary", "Identifier"}};

	for (const xmlNode *n = node->children; n; n = n->next) {
		if (n->type != XML_ELEMENT_NODE)
			continue;
		for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
			if (strcmp((const char *)n->name, elements[i][0]) == 0 && fp_xml_child(n, elements[i][1]))
				fp_strv_take(to, fp_xml_text(fp_xml_child(n, elements[i][1])));
		collect(to, n);
	}
}

/* 1 when the coverage is offered; 0: the verdict is given. */
static int check_capabilities(struct fp_check *c, const struct fp_web *w, const char *id)
{
	xmlDoc *doc = fp_web_xml(c, w);
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	struct fp_strv names = {0};
	int offered = 0;

	if (root && strcmp((const char *)root->name, "WCS_Capabilities") != 0 && strcmp((const char *)root->name, "Capabilities") != 0) {
		char *what = fp_asprintf("no capabilities but <%s>", (const char *)root->name);
		fp_web_not_expected(c, what);
		free(what);
	} else if (root) {
		collect(&names, root);
		offered = fp_strv_has(&names, id);
		if (!offered)
			fp_web_no_layer(c, id, &names);
	}
	fp_strv_free(&names);
	xmlFreeDoc(doc);
	return offered;
}

void fp_check_wcs(struct fp_check *c)
{
	struct fp_query q;
	const char *url, *id;
	struct fp_web w;
	char *escaped, *wanted, *first, *second;
	int offered = 0;

	fp_query_parse(&q, c->layer->datasource);
	url = fp_query_get(&q, "url") ? fp_query_get(&q, "url") : "";
	id = fp_query_get(&q, "identifier") ? fp_query_get(&q, "identifier") : "";
	escaped = fp_web_escape(id);
	first = fp_web_with(url, "SERVICE=WCS&REQUEST=GetCapabilities&VERSION=1.0.0");
	wanted = fp_asprintf("SERVICE=WCS&REQUEST=DescribeCoverage&VERSION=1.0.0&COVERAGE=%s", escaped);
	second = fp_web_with(url, wanted);
	if (fp_web_fetch(c, &w, first, &q)) {
		offered = check_capabilities(c, &w, id);
		fp_web_clear(&w);
	}
	if (offered && fp_web_fetch(c, &w, second, &q)) {
		check_description(c, &w);
		fp_web_clear(&w);
	}
	not_described(c);
	free(escaped);
	free(wanted);
	free(first);
	free(second);
	fp_query_clear(&q);
}
