#include "engine/changes/layer_source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/path.h"

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

/* What stands in a shapefile is what the project takes it for, whatever the file says of itself: so does QGIS (3.22). "System" is another encoding on each
 * computer, and so says nothing. */
static void add_encoding(struct fp_ogr_source *s, const char *encoding)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
	char *option;

	if (!*encoding || strcasecmp(encoding, "System") == 0 || encoding[strspn(encoding, letters)])
		return;
	if (!fp_path_has_suffix(s->path, ".shp") && !fp_path_has_suffix(s->path, ".dbf") && !fp_path_has_suffix(s->inner, ".shp"))
		return;
	option = fp_asprintf("ENCODING=%s", encoding);
	fp_strv_add(&s->options, option);
	free(option);
}

enum fp_status fp_layer_source(struct fp_ogr_source *s, const struct fp_layer_def *l, struct fp_error *err)
{
	if (l->provider && strcmp(l->provider, "spatialite") == 0)
		return parse_spatialite(s, l, err);
	fp_ogr_source_parse(s, l->home, l->datasource);
	add_encoding(s, l->encoding);
	return FP_OK;
}
