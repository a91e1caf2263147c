/* The query of a source that QGIS reads as an URL (delimitedtext, memory): what stands between the first "?" and a "#". */
#ifndef FP_LAYERS_URL_QUERY_H
#define FP_LAYERS_URL_QUERY_H

#include "engine/project/source.h"

/* Values are as QUrlQuery gives them out: of several of one key the first; an escape that stands for a delimiter of URLs ("%2C", "%3B", "%2B"), for
 * "%" or for a control character stays the three characters that it is. fp_query_clear() ends it. */
void fp_url_query_parse(struct fp_query *q, const char *source);

#endif
