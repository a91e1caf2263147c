/* Between the files that patch a project's XML (spec/package.md section 4). The document is never loaded as a whole: patch_stream.c hands each child of
 * the root, and each <maplayer>, to the function that knows it, and writes what comes of it. Whatever no function knows stays as it is. */
#ifndef FP_PACKAGE_PATCH_H
#define FP_PACKAGE_PATCH_H

#include <libxml/tree.h>

#include "engine/package/package.h"

struct fp_patch {
	struct fp_package *p;
	int offline;   /* at least one layer is: what is said of the project as a whole changes with it */
	int version;   /* 322 of "3.22.16-Bialowieza" */
	int untitled;  /* OFFLINE, and the author gave no title */
	json_t *met;   /* of each short id of a <maplayer>, how often it came */
	struct fp_strv others; /* projects whose layer trees were read, and these (NULL: it cannot be read) */
	xmlDoc **trees;
	size_t n_trees, cap_trees;
};

/* Writes the patched XML of the project to the new file at PATH. */
enum fp_status fp_patch_write(struct fp_package *p, const char *path, struct fp_error *err);

/* <maplayer> NODE, which defines L (NULL: no layer that we know) (patch_layer.c). 0: it is not in the package. fp_patch_defined() finds L, once for each
 * <maplayer> of the project in their order. */
struct fp_pack_layer *fp_patch_defined(struct fp_patch *t, xmlNode *node);
int fp_patch_layer(struct fp_patch *t, xmlNode *node, struct fp_pack_layer *l);

/* Layers of other projects (patch_embedded.c): QField could not follow them there, so that they become layers of this one.
 * fp_patch_is_stub() says of a <maplayer> that it only names such a layer. fp_patch_embedded() reads every other project and calls EACH with the
 * <maplayer> of each such layer. fp_patch_embedded_group() puts what an embedded group of the tree stands for into it; 0: it is none, or one that could
 * not be read and stays as it is. fp_patch_own() takes the mark of being embedded from a node of the tree. */
int fp_patch_is_stub(const struct fp_patch *t, const xmlNode *node);
enum fp_status fp_patch_embedded(struct fp_patch *t, enum fp_status (*each)(void *arg, xmlNode *node, struct fp_pack_layer *l, struct fp_error *err), void *arg,
	struct fp_error *err);
int fp_patch_is_embedded(const xmlNode *group);
int fp_patch_embedded_group(struct fp_patch *t, xmlNode *group);
void fp_patch_forget_trees(struct fp_patch *t);
void fp_patch_own(xmlNode *node);

/* Children of the root (patch_tree.c: what names layers; patch_project.c: what the project says of itself). */
void fp_patch_tree(struct fp_patch *t, xmlNode *group);
void fp_patch_layouts(struct fp_patch *t, xmlNode *layouts);
void fp_patch_lists(struct fp_patch *t, xmlNode *element);
void fp_patch_title(struct fp_patch *t, xmlNode *title);
void fp_patch_home(struct fp_patch *t, xmlNode *home);
void fp_patch_transaction(struct fp_patch *t, xmlNode *transaction);
void fp_patch_defaults(struct fp_patch *t, xmlNode *defaults);
void fp_patch_flags(struct fp_patch *t, xmlNode *flags);
void fp_patch_properties(struct fp_patch *t, xmlNode *properties);
void fp_patch_root(struct fp_patch *t, xmlNode *root);

/* The layer of that id, or NULL; and whether it is not in the package. */
struct fp_pack_layer *fp_patch_find(const struct fp_patch *t, const char *id);
int fp_patch_is_removed(const struct fp_patch *t, const char *id);

/* Sets the attributes PROVIDER and SOURCE of NODE, where they are there, to those of layer L as they stand in the package. A source with a password in
 * it is not spread any further than it was. */
void fp_patch_point(const struct fp_pack_layer *l, xmlNode *node, const char *provider, const char *source);

/* What is told of where an offline layer came from (<remoteSource>): relative to the project, without logins and filter. Caller frees. */
char *fp_patch_remote_source(const struct fp_package *p, const struct fp_layer_def *l);

/* Editing nodes (patch_xml.c). New children stand on lines of their own where their siblings do. */
xmlNode *fp_patch_child(xmlNode *parent, const char *name);
void fp_patch_text(xmlNode *node, const char *text);
void fp_patch_attr(xmlNode *node, const char *name, const char *value);
xmlNode *fp_patch_append(xmlNode *parent, const char *name);
xmlNode *fp_patch_prepend(xmlNode *parent, const char *name);
void fp_patch_drop(xmlNode *node); /* with the blanks before it */

/* Calls EACH for every element below NODE, outer ones first; EACH may drop it and says whether what lies below is of interest. */
void fp_patch_walk(xmlNode *node, int (*each)(void *arg, xmlNode *element), void *arg);

/* A custom property of a layer or tree node: read, set in the form that is used there, and taken away. */
char *fp_patch_get_property(const xmlNode *owner, const char *key); /* "" when it has none; caller frees */
void fp_patch_property(const struct fp_patch *t, xmlNode *owner, const char *key, const char *type, const char *value);
void fp_patch_no_property(xmlNode *owner, const char *key);

#endif
