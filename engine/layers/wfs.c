/* WFS (spec/layers.md 2.12). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/layers/network.h"
#include "engine/layers/wfs_source.h"

/* A name without prefix means the only one that ends like it. */
static int offers(const struct fp_strv *names, const char *wanted)
{
	size_t n = strlen(wanted), alike = 0;

	if (fp_strv_has(names, wanted))
		return 1;
	for (size_t i = 0; i < names->n && !strchr(wanted, ':'); i++) {
		size_t k = strlen(names->items[i]);
		alike += k > n && names->items[i][k - n - 1] == ':' && strcmp(names->items[i] + k - n, wanted) == 0;
	}
	return alike == 1;
}

/* A layer made by SELECT names what it selects from; any other filter QGIS does not take here. 0: the verdict is given. */
static int check_sql(struct fp_check *c, const char *sql, const struct fp_strv *names)
{
	const char *from = strcasestr(sql, " from "), *end;
	char *name;
	int known;

	if (!*sql)
		return 1;
	if (strncasecmp(sql, "SELECT ", 7) != 0 || !from) {
		fp_verdict_invalid(c);
		fp_verdict_cause(c, "bad_filter", FP_SLOTS({"REASON", "it is no SELECT statement"}));
		return 0;
	}
	from += 6 + strspn(from + 6, " \"");
	end = from + strcspn(from, from[-1] == '"' ? "\"" : " ,;\n");
	name = fp_strndup(from, (size_t)(end - from));
	known = offers(names, name);
	if (!known)
		fp_web_no_layer(c, name, names);
	free(name);
	return known;
}

/* 1 when the service offers the layer; 0: the verdict is given. */
static int check_capabilities(struct fp_check *c, const struct fp_wfs_source *s, const struct fp_web *w)
{
	xmlDoc *doc = fp_web_xml(c, w);
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	struct fp_strv names = {0};
	int ok = 0;

	for (const xmlNode *n = fp_xml_path(root, "FeatureTypeList/FeatureType"); n; n = fp_xml_next(n))
		fp_strv_take(&names, fp_xml_text(fp_xml_child(n, "Name")));
	if (root && strcmp((const char *)root->name, "WFS_Capabilities") != 0) {
		char *what = fp_asprintf("no capabilities but <%s>", (const char *)root->name);
		fp_web_not_expected(c, what);
		free(what);
	} else if (root && !offers(&names, s->layer)) {
		fp_web_no_layer(c, s->layer, &names);
	} else {
		ok = root && check_sql(c, s->u.sql, &names);
	}
	fp_strv_free(&names);
	xmlFreeDoc(doc);
	return ok;
}

/* QField tells features apart by one field; of a service nothing else can be meant. */
static void take_schema(struct fp_check *c, const xmlNode *root, const char *layer)
{
	struct fp_wfs_schema s;

	fp_wfs_schema_read(&s, root, layer);
	fp_verdict_ok(c, FP_BY_CHECKED);
	c->v->wkb_type = !s.geometry ? 100 : s.wkb == 0 ? -1 : s.wkb; /* of any type: QGIS looks at the features, we at what the project remembers */
	for (size_t i = 0; i < s.n && !c->v->pk; i++)
		if (strcasecmp(s.fields[i].name, "fid") == 0)
			c->v->pk = fp_strdup(s.fields[i].name);
	fp_wfs_schema_clear(&s);
}

static void check_schema(struct fp_check *c, const struct fp_web *w, const char *layer)
{
	xmlDoc *doc = fp_web_xml(c, w);
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

	if (root && strcmp((const char *)root->name, "schema") == 0) {
		take_schema(c, root, layer);
	} else if (root) {
		fp_verdict_invalid(c);
		fp_verdict_detail(c, "the service describes no such feature type");
		fp_verdict_cause(c, "web_not_expected", FP_SLOTS({"REASON", c->v->detail}));
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_FAIL, "%s", c->v->detail);
	}
	xmlFreeDoc(doc);
}

void fp_check_wfs(struct fp_check *c)
{
	struct fp_wfs_source s;
	char *capabilities, *schema;
	struct fp_web w;

	fp_wfs_source_parse(&s, c->layer->datasource);
	capabilities = fp_wfs_capabilities_url(&s);
	schema = fp_wfs_schema_url(&s);
	if (fp_web_fetch(c, &w, capabilities, &s.login)) {
		int offered = check_capabilities(c, &s, &w);
		fp_web_clear(&w);
		if (offered)
			fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%s", s.layer);
		if (offered && fp_web_fetch(c, &w, schema, &s.login)) {
			check_schema(c, &w, s.layer);
			fp_web_clear(&w);
		}
	}
	free(capabilities);
	free(schema);
	fp_wfs_source_clear(&s);
}
