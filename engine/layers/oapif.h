/* OGC API Features: what its pages say. */
#ifndef FP_LAYERS_OAPIF_H
#define FP_LAYERS_OAPIF_H

#include <jansson.h>

/* The address behind a link of PAGE to RELATION, the one of TYPE first. Borrowed, NULL when there is none. */
const char *fp_oapif_link(const json_t *page, const char *relation, const char *type);

/* The words by which QGIS knows the descriptions of a service. */
#define FP_OAPIF_JSON "application/json"
#define FP_OAPIF_DESCRIPTION "application/vnd.oai.openapi+json"

/* The addresses of a collection, of which COLLECTIONS lists all, and of its first features, as QGIS asks for them. Caller frees. */
char *fp_oapif_collection(const char *collections, const char *name) __attribute__((malloc, returns_nonnull));
char *fp_oapif_first_items(const char *collection) __attribute__((malloc, returns_nonnull));

#endif
