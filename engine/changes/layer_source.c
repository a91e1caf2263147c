#include "engine/changes/layer_source.h"

#include <stdlib.h>
#include <string.h>

/* SpatiaLite's own grammar, as the same table of the same file is named to OGR. */
static enum fp_status parse_spatialite(struct fp_ogr_source *s, const struct fp_layer_def *l, struct fp_error *err)
{
	enum fp_status st = FP_OK;
	struct fp_uri u;

	fp_uri_parse(&u, l->datasource);
	fp_ogr_source_parse(s, l->home, fp_uri_get(&u, "dbname"));
	if (u.table[0] == '(')
		st = fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: it is a query, which can only be read");
	free(s->layername);
	s->layername = fp_asprintf("%s(%s)", u.table, u.geometry);
	free(s->subset);
	s->subset = fp_strdup(u.sql);
	fp_uri_clear(&u);
	return st;
}

enum fp_status fp_layer_source(struct fp_ogr_source *s, const struct fp_layer_def *l, struct fp_error *err)
{
	if (l->provider && strcmp(l->provider, "spatialite") == 0)
		return parse_spatialite(s, l, err);
	fp_ogr_source_parse(s, l->home, l->datasource);
	return FP_OK;
}
