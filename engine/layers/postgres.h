/* What a data source of the provider postgres says, as the check and the changes want it. */
#ifndef FP_LAYERS_POSTGRES_H
#define FP_LAYERS_POSTGRES_H

#include <jansson.h>

#include "engine/project/source.h"

/* The question about WHAT ("table", "query", "raster") that U asks of a database (engine/prober/prober.h): service, host, port, dbname, user, password,
 * sslmode, schema, table, geometry, key (array of column names), filter. New reference. */
json_t *fp_postgres_question(const struct fp_uri *u, const char *what);

#endif
