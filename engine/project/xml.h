/* Reads hostile XML in pieces into a small tree that holds only what a project's facts need: styles and layouts, nearly all of a file, are parsed
 * and forgotten, so that memory follows the facts and not the file. libxml2's own limits stay on (spec/layers.md 4.2 no. 7). */
#ifndef FP_PROJECT_XML_H
#define FP_PROJECT_XML_H

#include <libxml/tree.h>

#include "engine/base/error.h"

/* Says whether element NAME below PARENT, which lies DEPTH levels below the root element (0: the root itself), is kept. NULL: everything is. */
typedef int fp_xml_keep(const char *parent, int depth, const char *name);

struct fp_xml;
struct fp_xml *fp_xml_new(fp_xml_keep *keep);
struct fp_xml *fp_xml_new_strict(fp_xml_keep *keep); /* mends nothing */
void fp_xml_free(struct fp_xml *x);

/* Lets VISIT see every attribute that is read, also of elements that are not kept: N bytes at VALUE, in which "&" may be written "&#38;". */
typedef void fp_xml_visit(void *arg, const char *attribute, const char *value, size_t n);
void fp_xml_visit_attributes(struct fp_xml *x, fp_xml_visit *visit, void *arg);

/* Elements and attributes that one tree may hold: some 600 MB, and more than 10,000 layers of 100 fields need. */
#define FP_XML_KEPT_MAX 3000000

/* The next BYTES. Control characters and invalid UTF-8 become marks instead of an end, as QGIS reads its projects. FP_E_INVALID names the line. */
enum fp_status fp_xml_feed(struct fp_xml *x, const char *bytes, size_t n, struct fp_error *err);

/* The end of the text. *DOC is the caller's (xmlFreeDoc) and has a root. FP_E_INVALID also for text that ended too early. */
enum fp_status fp_xml_finish(struct fp_xml *x, xmlDoc **doc, struct fp_error *err);

/* The same reading for what is written again (engine/package): the document is walked through, and what lies below the elements that are walked through
 * is handed on piece by piece, each a subtree of its own that is freed afterwards, so that memory follows the largest piece and not the file. Everything
 * that the text says is there: comments, processing instructions, blanks, CDATA sections, the document type; plain text stands in place of entities.
 * Each function may change the nodes that it gets below themselves. A status other than FP_OK ends the reading and is what fp_xml_feed() returns. */
struct fp_xml_pieces {
	int (*walk)(void *arg, const char *name, int depth);                           /* is it walked through? depth 0: the root */
	enum fp_status (*open)(void *arg, xmlNode *element, struct fp_error *err);     /* begins one that is; it has no children yet */
	enum fp_status (*pieces)(void *arg, xmlNode *parent, int depth, struct fp_error *err); /* PARENT's children, one element at most and it is the
	                                                                                        last; depth is PARENT's, -1: beside the root, PARENT is the document */
	enum fp_status (*close)(void *arg, xmlNode *element, struct fp_error *err);
};
struct fp_xml *fp_xml_new_pieces(const struct fp_xml_pieces *to, void *arg);

/* The end of the text, for fp_xml_new_pieces(). */
enum fp_status fp_xml_end(struct fp_xml *x, struct fp_error *err);

/* Asking the tree. NULL nodes are taken for absent ones; what is returned as char * is the caller's and never NULL. */
const xmlNode *fp_xml_child(const xmlNode *parent, const char *name); /* first element child of that name */
const xmlNode *fp_xml_next(const xmlNode *node);                      /* next sibling of the same name */
const xmlNode *fp_xml_path(const xmlNode *from, const char *path);    /* "srs/spatialrefsys/authid" */
char *fp_xml_text(const xmlNode *node);                               /* its own text, "" when it is none or blanks only (Qt's DOM) */
char *fp_xml_attr(const xmlNode *node, const char *name);             /* "" when absent */
int fp_xml_attr_is(const xmlNode *node, const char *name, const char *value);

#endif
