/* Which offline layers share a table of data.gpkg, and what of their source goes into it (section 3.4, "Group"). Only for data.c. */
#ifndef FP_PACKAGE_GROUP_H
#define FP_PACKAGE_GROUP_H

#include "engine/package/package.h"
#include "engine/package/rows.h"

struct fp_group {
	char *key;                   /* what the layers have in common */
	struct fp_pack_layer **layers; /* borrowed */
	size_t n_layers, cap_layers;
	struct fp_strv filters;      /* one of them must hold; of no meaning when ALL is set */
	int all;
	int drop;                    /* the table has the rows that match the one filter and no others, so that its layers can do without it */
	int try_filter;              /* DROP, and SQLite takes the filter: it may stay when it lets all of those rows through */
	/* as the source was first met */
	struct fp_row_column *columns;
	size_t n_columns;
	OGRwkbGeometryType geometry;
	OGRSpatialReferenceH srs;
	char *comment;
	int64_t about;
	enum fp_row_language language; /* of its filters */
	int same_language;           /* that of GeoPackages, functions and all */
	int refused;                 /* it is none: its layers stay as they are */
	/* as it stands in data.gpkg */
	char *called;                /* what whole queries among its filters call it, and what it has to be called here; NULL: anything */
	char *name, *local_key, *geometry_name;
	size_t table;                /* its index */
};

struct fp_groups {
	struct fp_group *items;
	size_t n, cap;
};

/* The offline layers of P by their source. */
void fp_groups_make(struct fp_groups *g, struct fp_package *p);
/* Opens every source once to learn what it is; filters that the package could not evaluate get a table of their own. */
enum fp_status fp_groups_describe(struct fp_groups *g, struct fp_package *p, struct fp_error *err);
void fp_groups_clear(struct fp_groups *g);

/* The filter of a layer as its provider takes it, "" when none; caller frees. */
char *fp_group_filter(const struct fp_layer_def *l);
/* 1: that is a query of its own. */
int fp_group_is_query(const struct fp_layer_def *l);
/* The geometry type that a layer's source is restricted to, "" when none; caller frees. */
char *fp_group_restriction(const struct fp_layer_def *l);

/* 1: FILTER shows the same rows of the same columns in SQLite. 0: it may not, as the words of G's language for texts and times differ. */
int fp_group_same_meaning(const struct fp_group *g, const char *filter);

/* 1: a table called that would be taken for one of SQLite's or the GeoPackage's own. */
int fp_group_is_reserved(const char *table);

/* The condition of a filter that is a whole query of TABLE alone, each row of which is judged by itself ("SELECT * FROM t WHERE n > 1"), "" when there is none;
 * NULL: it is no such query. Caller frees. */
char *fp_group_condition(const char *filter, const char *table);

/* Puts "layer NAME: " in front of ERR's message, unless it begins so. */
void fp_group_name_error(struct fp_error *err, const struct fp_group *g);

#endif
