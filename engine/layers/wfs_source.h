/* What a source of the provider WFS names, and what a service says of a feature type, as QGIS 3.22 understands both. */
#ifndef FP_LAYERS_WFS_SOURCE_H
#define FP_LAYERS_WFS_SOURCE_H

#include <libxml/tree.h>

#include "engine/project/source.h"

struct fp_wfs_source {
	struct fp_uri u;
	struct fp_query q;     /* of the old form, http://host/wfs?SERVICE=WFS&TYPENAME=a */
	struct fp_query login; /* as fp_web_get() wants it */
	char *url;             /* without what is WFS' own in it: that belongs to the server */
	const char *layer, *version, *srs; /* borrowed; VERSION "" for any, SRS "" for the service's own */
	const char *filter;    /* borrowed; an expression of QGIS, a filter in XML, or a whole SELECT; "" for none */
};
void fp_wfs_source_parse(struct fp_wfs_source *s, const char *text);
void fp_wfs_source_clear(struct fp_wfs_source *s);

/* The addresses at which the service says what it has, and what the layer's features are. Caller frees. */
char *fp_wfs_capabilities_url(const struct fp_wfs_source *s) __attribute__((malloc, returns_nonnull));
char *fp_wfs_schema_url(const struct fp_wfs_source *s) __attribute__((malloc, returns_nonnull));

struct fp_wfs_field {
	char *name;
	char *type; /* as it is written, "xsd:int"; "" where it has none of its own */
};
struct fp_wfs_schema {
	struct fp_wfs_field *fields;
	size_t n, cap;
	char *geometry; /* the element that holds it, NULL: none */
	int wkb;        /* QGIS' number of its type, 0: any */
};
/* ROOT is a <schema>. A service that does not say which of its types LAYER has is taken to describe one only. */
void fp_wfs_schema_read(struct fp_wfs_schema *s, const xmlNode *root, const char *layer);
void fp_wfs_schema_clear(struct fp_wfs_schema *s);

#endif
