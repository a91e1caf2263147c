/* memory: a scratch layer. The project holds what columns it has and none of its rows. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/layers/url_query.h"
#include "engine/package/rows.h"

static enum fp_status next(struct fp_rows *r, struct fp_row *row, int *more, struct fp_error *err)
{
	(void)r;
	(void)row;
	(void)err;
	*more = 0;
	return FP_OK;
}

static void release(struct fp_rows *r)
{
	free(r);
}

static const struct fp_rows_ops ops = {next, release};

/* The words of QGIS for the types of "field=name:type"; any other is a text. */
static const struct kind {
	const char *word;
	OGRFieldType type;
	OGRFieldSubType subtype;
} kinds[] = {
	{"int", OFTInteger, OFSTNone}, {"integer", OFTInteger, OFSTNone}, {"int2", OFTInteger, OFSTNone}, {"int4", OFTInteger, OFSTNone},
	{"int8", OFTInteger64, OFSTNone}, {"int64", OFTInteger64, OFSTNone}, {"integer64", OFTInteger64, OFSTNone}, {"long", OFTInteger64, OFSTNone},
	{"bigint", OFTInteger64, OFSTNone}, {"real", OFTReal, OFSTNone}, {"double", OFTReal, OFSTNone}, {"float", OFTReal, OFSTNone},
	{"double precision", OFTReal, OFSTNone}, {"numeric", OFTReal, OFSTNone}, {"date", OFTDate, OFSTNone}, {"datetime", OFTDateTime, OFSTNone},
	{"timestamp", OFTDateTime, OFSTNone}, {"bool", OFTInteger, OFSTBoolean}, {"boolean", OFTInteger, OFSTBoolean}, {"binary", OFTBinary, OFSTNone},
	{"bytea", OFTBinary, OFSTNone}, {"map", OFTString, OFSTJSON}, {"json", OFTString, OFSTJSON}, {"jsonb", OFTString, OFSTJSON},
};

/* "name:type(length,precision)[]", where only the last colon ends the name. Takes TEXT over. */
static void add_column(struct fp_rows *r, char *text)
{
	struct fp_row_column *c = &r->columns[r->n_columns++];
	char *colon = strrchr(text, ':'), *type = colon ? colon + 1 : text + strlen(text), *open = strchr(type, '(');
	size_t n = strcspn(type, "([");

	while (n > 0 && isspace((unsigned char)type[n - 1]))
		n--;
	c->type = OFTString;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strlen(kinds[i].word) == n && strncasecmp(kinds[i].word, type, n) == 0) {
			c->type = kinds[i].type;
			c->subtype = kinds[i].subtype;
		}
	if (strstr(type, "[]")) {
		c->type = OFTString;
		c->subtype = OFSTJSON;
	} else if (open && c->type == OFTString) {
		c->width = atoi(open + 1) > 0 ? atoi(open + 1) : 0;
	}
	if (colon)
		*colon = '\0';
	c->name = fp_strdup(text);
	free(text);
}

static void describe(struct fp_rows *r, const char *source)
{
	const char *query = strchr(source, '?');
	size_t room = 1;

	for (const char *p = query; p; p = strchr(p + 1, '&'))
		room++;
	r->columns = fp_alloc(room * sizeof *r->columns);
	for (const char *p = query; p && *p && *p != '#'; p += strcspn(p, "&#"))
		if (strncmp(++p, "field=", 6) == 0)
			add_column(r, fp_percent_decode(p + 6, strcspn(p + 6, "&#")));
}

enum fp_status fp_rows_memory(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err)
{
	struct fp_rows *r = fp_alloc(sizeof *r);
	const char *crs;
	struct fp_query q;

	(void)p;
	(void)wanted;
	(void)err;
	r->ops = &ops;
	describe(r, layer->def->datasource);
	fp_url_query_parse(&q, layer->def->datasource);
	crs = fp_query_get(&q, "crs");
	r->geometry = fp_rows_geometry(layer);
	r->srs = crs && r->geometry != wkbNone ? fp_rows_srs(crs) : NULL;
	fp_query_clear(&q);
	*out = r;
	return FP_OK;
}
