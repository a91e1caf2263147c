/* What a data source of the provider postgres says, as the check and the changes want it. */
#ifndef FP_LAYERS_POSTGRES_H
#define FP_LAYERS_POSTGRES_H

#include <jansson.h>

#include "engine/project/source.h"

/* The question about WHAT ("table", "query", "raster") that U asks of a database (engine/prober/prober.h): service, host, port, dbname, user, password,
 * sslmode, schema, table, geometry, key (array of column names), filter. New reference. */
json_t *fp_postgres_question(const struct fp_uri *u, const char *what);

/* PostGIS' word for a type ("MULTIPOLYGONZM") as QGIS' number, 0 when it stands for any. */
int fp_postgres_type(const char *word);

/* The kinds of geometries that QGIS sees in a column of any type, at most MAX of them; GEOMETRIES is what the column holds, ["4326:POINTZ", ...]. */
struct fp_postgres_kind {
	int type; /* QGIS' number */
	long srid;
};
size_t fp_postgres_kinds(struct fp_postgres_kind *kinds, size_t max, const json_t *geometries);

#endif
